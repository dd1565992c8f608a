import { setFlagsFromString } from "node:v8";
import { runInNewContext } from "node:vm";
import { expect, it, vi } from "vitest";
import { hubOf } from "../../../src/bus.ts";
import type { Following } from "../../../src/core/following.ts";
import type { Answer } from "../../../src/log/answer.ts";
import { turns } from "../../../src/testing/conformance/bus/topic.ts";
import { ManualClock } from "../../../src/testing/fake/manual-clock.ts";
import { FOREVER, follow, open, PAGES, park } from "../../support/crowds.ts";

vi.mock("../../../src/waiters/slice.ts", () => ({ SLICE: 2 }));

it("sends that leave no turn to a crowd hold no more than twice the bytes, and the crowd misses none", async () => {
  const { bus } = await open({ retention: { bytes: 1_000 } });
  const followers = follow(bus, 9);
  const polls = park(bus, 9);
  let most = 0;
  for (let n = 0; n < 2_000; n += 1) {
    await bus.sendone("a", n);
    most = Math.max(most, bus.stats().bytes);
  }
  expect(most).toBeGreaterThan(1_000);
  expect(most).toBeLessThan(2_100);
  await turns(20);
  for (const { messages, missed } of followers) expect([messages.length, missed]).toEqual([2_000, 0]);
  for (const { missed } of await Promise.all(polls)) expect(missed).toBe(false);
  expect(bus.stats().bytes).toBeLessThanOrEqual(1_000);
});

it("sends that leave no turn to a crowd hold no more than 100,000 rows beyond the bound", async () => {
  const { bus, store } = await open({ retention: { total: 10 } });
  const followers = follow(bus, 9);
  const rows = Array.from({ length: 30_000 }, () => ({ key: '"a"', json: "1" }));
  const held: number[] = [];
  for (let n = 0; n < 6; n += 1) {
    store.commit(rows);
    await Promise.resolve();
    held.push(bus.stats().rows);
  }
  expect(Math.max(...held)).toBe(90_000);
  await turns(20);
  for (const { messages, missed } of followers) expect([messages.length, missed]).toEqual([180_000, 0]);
});

it("a wake-up counts the polls that it answers, and no others", async () => {
  const { bus, store } = await open();
  const abort = new AbortController();
  const early = Array.from({ length: 5 }, () => bus.poll(["a"], 0, FOREVER, { signal: abort.signal }));
  const id = store.skip(1);
  store.sink.noteTrims({ last: id, floor: 0, watermarks: [['"a"', id]] });
  await turns(10);
  expect(bus.stats()).toMatchObject({ wakes: 0, waiters: 5 });
  await bus.sendone("a", 1);
  for (const poll of early) expect(await poll).toHaveLength(1);
  expect(bus.stats()).toMatchObject({ wakes: 5, waiters: 0 });
});

it.each(["time is up", "mount closes"])("called polls whose %s share one answer", async (end) => {
  const clock = new ManualClock();
  const { bus } = await open({ clock });
  const form = (answer: Answer): Answer => answer;
  const query = { keys: ['"a"'], last: bus.last, limit: 1, lookback: FOREVER };
  const polls = Array.from({ length: 9 }, () => hubOf(bus).poll(query, { timeout: 1_000, signal: undefined, form }));
  await bus.sendone("a", 1);
  if (end === "mount closes") hubOf(bus).release(form);
  else clock.advance(1_000);
  const answers = await Promise.all(polls);
  expect(new Set(answers.slice(2)).size).toBe(1);
  for (const { rows } of answers) expect(rows).toHaveLength(1);
});

it("a follower that has stopped is let go, also if sends never leave a turn without somebody to tell", async () => {
  const { bus } = await open({ retention: { count: 1 } });
  const followers = follow(bus, 7);
  const gone = new WeakRef(hubOf(bus).follow(['"a"'], bus.last, PAGES) as Following);
  gone.deref()?.next({ take: () => true });
  for (let n = 0; n < 400; n += 1) {
    await bus.sendone("a", n);
    if (n === 20) gone.deref()?.stop();
    await turns(1);
  }
  collect();
  expect(gone.deref()).toBeUndefined();
  await turns();
  for (const { messages, missed } of followers) expect([messages.length, missed]).toEqual([400, 0]);
});

/** Runs the garbage collector. */
function collect(): void {
  setFlagsFromString("--expose-gc");
  (runInNewContext("gc") as () => void)(); // the flag puts it there
}
