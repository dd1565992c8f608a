import assert from "node:assert/strict";
import fc from "fast-check";
import { vi } from "vitest";
import { Lab, type TabOfLab } from "./lab.ts";
import { FakeMount, refuse } from "./mount.ts";

const CHANNEL = fc.constantFrom("a", "b", "c");
const TAB = fc.nat(3);
const CLIENTS = fc.constantFrom("auto" as const, "events" as const, "poll" as const);

/** The events that may befall the tabs of a browser, their mount, and the way between. */
export const STEP = fc.oneof(
  { weight: 8, arbitrary: fc.record({ do: fc.constant("send" as const), on: CHANNEL }) },
  { weight: 4, arbitrary: fc.record({ do: fc.constant("wait" as const), ms: fc.integer({ min: 1, max: 900 }) }) },
  {
    weight: 2,
    arbitrary: fc.record({ do: fc.constantFrom("add" as const, "delete" as const), tab: TAB, on: CHANNEL }),
  },
  {
    weight: 2,
    arbitrary: fc.record({ do: fc.constant("open" as const), after: fc.nat(30), on: CHANNEL, transport: CLIENTS }),
  },
  fc.record({ do: fc.constantFrom<Deed[]>("close", "crash", "freeze", "thaw", "hide", "show"), tab: TAB }),
  fc.record({
    do: fc.constant("fault" as const),
    by: fc.constantFrom<Fault[]>("network", "proxy", "mount", "half"),
  }),
  fc.record({ do: fc.constant("slow" as const), ms: fc.constantFrom(0, 0, 300, 4_000) }),
  fc.record({ do: fc.constant("trim" as const), but: fc.nat(3) }),
  fc.record({ do: fc.constantFrom("cut" as const, "heartbeat" as const) }),
);

type Deed = "close" | "crash" | "freeze" | "thaw" | "hide" | "show";
type Fault = "network" | "proxy" | "mount" | "half";
type Step = typeof STEP extends fc.Arbitrary<infer S> ? S : never;

/** From where to where a tab reads a channel; what it counts beyond the first is not modelled. */
interface Span {
  readonly on: string;
  readonly after: number;
  upTo: number;
}

interface Played {
  readonly tab: TabOfLab;
  readonly spans: Span[];
  /** The ids that were heard, and the gaps in their places. */
  readonly heard: (number | { readonly last: number })[];
  life: "awake" | "frozen" | "hidden" | "gone";
}

/** Plays the steps, lets everything come to rest, and compares what each tab heard with what it should have. */
export async function play(steps: readonly Step[], delays: Iterator<number>): Promise<void> {
  const mount = new FakeMount();
  let slow = 0;
  const faults: Fault[] = [];
  mount.delay = () => new Promise((resolve) => setTimeout(resolve, slow + delays.next().value));
  mount.fault = () => answerOf(faults.shift());
  const delay = (): number => delays.next().value;
  const lab = new Lab(mount, delay, delay);
  const sent: { readonly id: number; readonly on: string }[] = [];
  const tabs: Played[] = [];
  let trimmed = 0;
  const open = (on: string, last: number, transport: "auto" | "events" | "poll"): void => {
    const tab = lab.open({ channels: [on], last, transport });
    const heard: Played["heard"] = [];
    tab.bus.on("notification", ({ id }) => heard.push(id));
    tab.bus.on("missed", (gap) => heard.push(gap));
    tabs.push({ tab, heard, spans: [{ on, after: last, upTo: Number.POSITIVE_INFINITY }], life: "awake" });
  };
  open("a", 100, "auto");
  for (const step of steps) {
    if (step.do === "send") sent.push(...mount.send(step.on).map((id) => ({ id, on: step.on })));
    else if (step.do === "wait") await vi.advanceTimersByTimeAsync(step.ms);
    else if (step.do === "open") {
      if (tabs.length < 4) open(step.on, Math.min(mount.last, 100 + step.after), step.transport);
    } else if (step.do === "fault") faults.push(step.by);
    else if (step.do === "slow") slow = step.ms;
    else if (step.do === "trim") {
      trimmed = Math.max(trimmed, mount.last - step.but);
      mount.trim(trimmed);
    } else if (!("tab" in step)) mount[step.do]();
    else if (tabs[step.tab] === undefined) continue;
    else if ("on" in step) change(tabs[step.tab]!, step.do, step.on);
    else live(tabs[step.tab]!, step.do);
  }
  slow = 0;
  faults.length = 0;
  for (const one of tabs) for (const end of ["thaw", "show"] as const) live(one, end);
  for (let passed = 0; passed < 90_000; passed += 15_000) {
    await vi.advanceTimersByTimeAsync(15_000);
    mount.heartbeat();
  }
  await vi.advanceTimersByTimeAsync(1_000);
  // One connection reads all that the tabs need, and nothing of a tab that is gone. Between two requests, nothing is read.
  const needed = [...new Set(tabs.filter(({ life }) => life !== "gone").flatMap(namesOf))].sort();
  const reading = (): readonly string[] => mount.reading.flat().sort();
  for (let passed = 0; passed < 1_000 && `${reading()}` !== `${needed}`; passed += 10)
    await vi.advanceTimersByTimeAsync(10);
  assert.deepEqual(reading(), needed);
  for (const one of tabs) {
    const wanted = sent.filter(({ id, on }) => one.spans.some((span) => reads(span, id, on))).map(({ id }) => id);
    check(one, wanted, trimmed);
    assert.deepEqual(one.tab.errors, []);
    one.tab.bus.close();
  }
}

function namesOf({ spans }: Played): readonly string[] {
  return spans.filter(({ upTo }) => upTo === Number.POSITIVE_INFINITY).map(({ on }) => on);
}

function reads(span: Span, id: number, on: string): boolean {
  return span.on === on && id > span.after && id <= span.upTo;
}

/** Everything that is wanted was heard once and in order; what was not was trimmed, and a gap was told in its place. */
function check({ heard, life }: Played, wanted: readonly number[], trimmed: number): void {
  const story = JSON.stringify({ heard, wanted, trimmed });
  const rest = [...wanted];
  let gap = Number.POSITIVE_INFINITY;
  const lost = (id: number): void => assert.ok(id > gap && id <= trimmed, `${id} was lost: ${story}`);
  for (const one of heard) {
    if (typeof one !== "number") {
      assert.ok(trimmed > 0, `nothing was trimmed: ${story}`);
      gap = Math.min(gap, one.last);
      continue;
    }
    while (rest[0] !== undefined && rest[0] < one) lost(rest.shift()!);
    assert.equal(one, rest.shift(), story);
    gap = Number.POSITIVE_INFINITY;
  }
  if (life !== "gone") rest.forEach(lost);
}

function change({ tab, spans, life }: Played, deed: "add" | "delete", on: string): void {
  if (life !== "awake") return;
  const now = spans.find((span) => span.on === on && span.upTo === Number.POSITIVE_INFINITY);
  const last = tab.bus.last!; // the tab was opened with one
  if (deed === "add" && now === undefined) {
    spans.push({ on, after: last, upTo: Number.POSITIVE_INFINITY });
    tab.bus.addChannel(on);
  } else if (deed === "delete" && now !== undefined) {
    now.upTo = last;
    tab.bus.deleteChannel(on);
  }
}

function live(one: Played, deed: Deed): void {
  const { tab, life } = one;
  const shown = (): Event => Object.assign(new Event("pageshow"), { persisted: true });
  const next: Record<Deed, readonly [from: Played["life"], to: Played["life"], work: () => void]> = {
    close: ["awake", "gone", () => tab.bus.close()],
    crash: ["awake", "gone", () => tab.crash()],
    freeze: ["awake", "frozen", () => tab.freeze()],
    thaw: ["frozen", "awake", () => tab.thaw()],
    hide: ["awake", "hidden", () => tab.window.dispatchEvent(new Event("pagehide"))],
    show: ["hidden", "awake", () => tab.window.dispatchEvent(shown())],
  };
  const [from, to, work] = next[deed];
  if (life !== from) return;
  one.life = to;
  work();
}

function answerOf(fault: Fault | undefined): Response | undefined {
  if (fault === "network") throw new TypeError("no network");
  if (fault === "proxy") return new Response("<html>", { status: 404 });
  if (fault === "mount") return refuse(503, "store", { "Retry-After": "2" });
  if (fault === "half") return new Response('{"notifications":[{"id":101,"chan');
  return undefined;
}
