import assert from "node:assert/strict";
import fc from "fast-check";
import { describe, it } from "vitest";
import { Lab, type TabOfLab } from "./lab.ts";
import { FakeMount, refuse } from "./mount.ts";
import { FakeStorage, heard } from "./queue-bed.ts";
import { useFakeTime, wait } from "./start.ts";

useFakeTime();

/** The weather of a network: each request of a send has the next of these fates, over and over. */
type Fate = "arrives" | "is lost" | "answer is lost" | "is refused for now" | "is refused for good";

const fate = fc.constantFrom<Fate>(
  "arrives",
  "arrives",
  "is lost",
  "answer is lost",
  "is refused for now",
  "is refused for good",
);

type Step =
  | { readonly does: "send" | "reload" | "crash"; readonly tab: number }
  | { readonly does: "wait"; readonly ms: number }
  | { readonly does: "cut" };

const step: fc.Arbitrary<Step> = fc.oneof(
  { weight: 6, arbitrary: fc.record({ does: fc.constant("send" as const), tab: fc.nat(1) }) },
  { weight: 2, arbitrary: fc.record({ does: fc.constantFrom("reload" as const, "crash" as const), tab: fc.nat(1) }) },
  { weight: 4, arbitrary: fc.record({ does: fc.constant("wait" as const), ms: fc.integer({ min: 0, max: 120_000 }) }) },
  { weight: 1, arbitrary: fc.record({ does: fc.constant("cut" as const) }) },
);

/** A mount whose network has these fates, and the messages whose send it refused for good. */
function fated(fates: readonly Fate[]) {
  const mount = new FakeMount();
  let at = 0;
  let now: Fate = "arrives";
  mount.fault = (asked) => {
    if (!asked.startsWith("POST send")) return undefined;
    now = fates[at++ % fates.length] ?? "arrives";
    if (now === "is lost") return Promise.reject(new TypeError("network error"));
    if (now === "is refused for now") return refuse(503, "store");
    return now === "is refused for good" ? refuse(403, "refused") : undefined;
  };
  mount.loses = () => now === "answer is lost";
  return mount;
}

interface Open {
  readonly tab: TabOfLab;
  readonly told: ReturnType<typeof heard>;
}

describe("a queue of two tabs, whatever the network does", () => {
  it("commits each send at most once, in order, and tells the end of each", async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(fate, { minLength: 1, maxLength: 12 }), fc.array(step, { maxLength: 25 }), law),
      { numRuns: 50 },
    );
  });
});

async function law(fates: readonly Fate[], steps: readonly Step[]): Promise<void> {
  const mount = fated(fates);
  const lab = new Lab(mount);
  const storage = new FakeStorage();
  const ends = new Map<unknown, Set<string>>();
  const note = (message: unknown, end: string) => ends.set(message, (ends.get(message) ?? new Set()).add(end));
  const open = (): Open => {
    const tab = lab.open({ shareTabs: "" });
    const told = heard(tab.bus, {
      storage,
      name: "ann",
      onSent: ({ entries }) => note(entries[0]?.[1], "sent"),
      onGivenUp: ({ entries, reason, mayBeCommitted }) => note(entries[0]?.[1], mayBeCommitted ? "unknown" : reason),
    });
    return { tab, told };
  };
  const tabs = [open(), open()];
  let made = 0;
  for (const one of steps) {
    if (one.does === "wait") await wait(one.ms);
    else if (one.does === "cut") mount.cut();
    else if (one.does === "send") void tabs[one.tab]!.told.queue.sendone("a", ++made).catch(() => {});
    else {
      const { tab } = tabs[one.tab]!;
      if (one.does === "crash") tab.crash();
      else tab.bus.close();
      tabs[one.tab] = open();
    }
  }
  fates = ["arrives"];
  mount.fault = () => undefined;
  mount.loses = () => false;
  await wait(15 * 60_000);
  const messages = mount.messages as readonly number[]; // the law sends numbers
  const all = Array.from({ length: made }, (_, at) => at + 1);
  assert.deepEqual(
    messages,
    [...new Set(messages)].sort((one, other) => one - other),
    "once, in order",
  );
  assert.deepEqual(
    [...ends.keys()].sort((one, other) => Number(one) - Number(other)),
    all,
    "an end for each",
  );
  for (const [message, told] of ends) {
    const is = messages.some((one) => one === message);
    assert.equal(told.size, 1, `${message} has one end`);
    assert.ok(told.has("unknown") || told.has(is ? "sent" : "refused"), `${message}: ${[...told]}, ${is}`);
  }
  assert.equal(storage.length, 0);
  for (const { tab } of tabs) tab.bus.close();
}
