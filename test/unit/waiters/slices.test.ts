import { Bus, type BusOptions } from "nightbus";
import { expect, it, onTestFinished, vi } from "vitest";
import { turns } from "../../../src/testing/conformance/bus/topic.ts";
import { ManualClock } from "../../../src/testing/fake/manual-clock.ts";
import { SLICE } from "../../../src/waiters/slice.ts";

const FOREVER = Number.POSITIVE_INFINITY;
const CROWD = 3 * SLICE + 7;

async function open(options: BusOptions = {}): Promise<Bus> {
  const bus = new Bus(options);
  onTestFinished(() => bus.close());
  await bus.ready();
  return bus;
}

/** Parks polls, and counts those that were answered. */
function crowd(bus: Bus, channels: readonly string[] = ["a"], count = CROWD, timeout = FOREVER) {
  const state = { answered: 0 };
  const polls = Array.from({ length: count }, async () => {
    const batch = await bus.poll(channels, bus.last, timeout);
    state.answered += 1;
    return { messages: batch.map(({ message }) => message), missed: batch.missed, last: batch.last };
  });
  return { state, all: () => Promise.all(polls) };
}

function distinct(answers: readonly object[]): readonly unknown[] {
  return [...new Set(answers.map((answer) => JSON.stringify(answer)))].map((text) => JSON.parse(text));
}

it("a crowd is answered in slices, and others are served between them", async () => {
  const bus = await open();
  const { state, all } = crowd(bus);
  const id = await bus.sendone("a", 1);
  const counts = [state.answered];
  while (state.answered < CROWD) {
    await new Promise((resolve) => setImmediate(resolve));
    counts.push(state.answered);
  }
  const steps = counts.map((count, turn) => count - (counts[turn - 1] ?? 0));
  expect(Math.max(...steps)).toBeLessThanOrEqual(SLICE);
  expect(bus.waiting).toBe(0);
  expect(distinct(await all())).toEqual([{ messages: [1], missed: false, last: id }]);
});

it("a poll after a crowd is answered in the tick of its send, and not a turn later", async () => {
  const bus = await open();
  const { all } = crowd(bus, ["a"], 2 * SLICE);
  await bus.sendone("a", 1);
  await all();
  await turns(1);
  const { state } = crowd(bus, ["a"], 1);
  await bus.sendone("a", 2);
  await Promise.resolve();
  expect(state.answered).toBe(1);
});

it("a crowd misses nothing, whatever is sent while it is answered, and its channel then keeps its count", async () => {
  const bus = await open({ retention: { count: 1 } });
  const { state, all } = crowd(bus);
  for (let n = 0; n < 5; n += 1) await bus.sendone("a", n);
  expect(state.answered).toBeLessThan(CROWD);
  const answers = distinct(await all()) as { messages: number[]; missed: boolean }[];
  for (const { messages, missed } of answers) {
    expect(missed).toBe(false);
    expect(messages).toEqual([0, 1, 2, 3, 4].slice(0, messages.length));
  }
  expect(answers.length).toBeGreaterThan(1);
  expect((await bus.recent(["a"], 10)).map(({ message }) => message)).toEqual([4]);
});

it("readers of several channels hear of all that came on any of them, each once", async () => {
  const bus = await open();
  const { all } = crowd(bus, ["a", "b"]);
  const other = crowd(bus, ["b", "a", "c"], 10);
  await bus.sendone("a", 1);
  await bus.sendone("b", 2);
  await bus.sendone("c", 3);
  for (const { messages, last } of [...(await all()), ...(await other.all())]) {
    const rest = (await bus.poll(["a", "b"], last, 0)).map(({ message }) => message);
    expect([...messages.filter((message) => message !== 3), ...rest]).toEqual([1, 2]);
  }
  expect(bus.waiting).toBe(0);
});

it("a poll whose time is up while its crowd is answered gets what was sent", async () => {
  const clock = new ManualClock();
  const bus = await open({ clock });
  const { all } = crowd(bus, ["a"], CROWD, 1_000);
  const id = await bus.sendone("a", 1);
  clock.advance(1_000);
  expect(distinct(await all())).toEqual([{ messages: [1], missed: false, last: id }]);
});

it("a crowd gets what was sent when the bus closes before all are answered", async () => {
  const bus = new Bus();
  await bus.ready();
  const { state, all } = crowd(bus);
  const id = await bus.sendone("a", 1);
  expect(state.answered).toBeLessThan(CROWD);
  await bus.close();
  expect(distinct(await all())).toEqual([{ messages: [1], missed: false, last: id }]);
});

it("polls that are aborted while their crowd is answered reject, and take no other with them", async () => {
  const bus = await open();
  const { all } = crowd(bus, ["a"], SLICE);
  const abort = new AbortController();
  const aborted = [["a"], ["a", "b"], ["b", "a"]].map((channels) =>
    bus.poll(channels, bus.last, FOREVER, { signal: abort.signal }),
  );
  const { all: others } = crowd(bus, ["b", "a"], 100);
  await bus.sendone("a", 1);
  abort.abort("gone");
  expect(await Promise.allSettled(aborted)).toEqual(aborted.map(() => ({ status: "rejected", reason: "gone" })));
  expect(distinct([...(await all()), ...(await others())])).toHaveLength(1);
  await turns();
  expect(bus.stats().waiters).toBe(0);
});

it("a channel is forgotten after its crowd has gone", async () => {
  const bus = await open({ retention: { count: 0 } });
  const { all } = crowd(bus, ["a", "b"]);
  await bus.sendone("a", 1);
  expect(distinct(await all())).toMatchObject([{ messages: [1], missed: false }]);
  await turns();
  expect([bus.stats().channels, bus.stats().rows]).toEqual([0, 0]);
});

it("a crowd of subscriptions is told in slices, all of it and in order, whatever is sent meanwhile", async () => {
  const bus = await open({ retention: { count: 1 } });
  const heard: unknown[][] = [];
  for (let n = 0; n < CROWD; n += 1) {
    const messages: unknown[] = [];
    heard.push(messages);
    const subscription = bus.subscribe(n % 2 === 0 ? ["a"] : ["a", "b"]);
    onTestFinished(() => void subscription.return?.());
    void (async () => {
      for await (const { message } of subscription) messages.push(message);
    })();
  }
  await turns();
  await bus.sendone("a", 1);
  await turns(0);
  const first = heard.filter((messages) => messages.length > 0).length;
  expect(first).toBeLessThanOrEqual(SLICE);
  await bus.sendone("b", 2);
  await bus.sendone("a", 3);
  await vi.waitUntil(() => heard.every((messages) => messages.includes(3)), 10_000);
  for (const [n, messages] of heard.entries()) expect(messages).toEqual(n % 2 === 0 ? [1, 3] : [1, 2, 3]);
});

it("a crowd of subscriptions hears what was sent before the bus closes", async () => {
  const bus = new Bus();
  await bus.ready();
  const reading = Array.from({ length: CROWD }, async () => {
    const messages: unknown[] = [];
    for await (const { message } of bus.subscribe(["a"])) messages.push(message);
    return messages;
  });
  await turns();
  await bus.sendone("a", 1);
  await bus.close();
  expect(distinct(await Promise.all(reading))).toEqual([[1]]);
});

it("a subscription that stops before its turn hears nothing more, and an error of one stops no other", async () => {
  const bus = await open();
  const answered = { count: 0 };
  const subscriptions = Array.from({ length: CROWD }, () => bus.subscribe(["a"]));
  for (const subscription of subscriptions)
    void subscription.next().then(({ done }) => (answered.count += done ? 0 : 1));
  await turns();
  await bus.sendone("a", 1);
  await Promise.all(subscriptions.slice(-10).map((subscription) => subscription.return?.()));
  await vi.waitUntil(() => answered.count >= CROWD - 10, 10_000);
  await turns();
  expect(answered.count).toBe(CROWD - 10);
  await Promise.all(subscriptions.map((subscription) => subscription.return?.()));
});
