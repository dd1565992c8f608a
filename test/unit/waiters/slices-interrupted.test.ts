import diagnostics_channel from "node:diagnostics_channel";
import { expect, it, vi } from "vitest";
import { hubOf } from "../../../src/bus.ts";
import type { Answer } from "../../../src/log/answer.ts";
import { turns } from "../../../src/testing/conformance/bus/topic.ts";
import { ManualClock } from "../../../src/testing/fake/manual-clock.ts";
import { FOREVER, follow, open, park, type Told } from "../../support/crowds.ts";

vi.mock("../../../src/waiters/slice.ts", () => ({ SLICE: 2 }));

it("a follower that stops while the next wait for their turn takes nothing from them", async () => {
  const { bus } = await open({ retention: { count: 1 } });
  const followers = follow(bus, 8);
  await bus.sendone("a", 1);
  for (const { following } of followers.slice(2, 4)) following.stop();
  await bus.sendone("a", 2);
  await bus.sendone("a", 3);
  await turns();
  for (const { messages, missed } of followers.slice(4)) expect([messages, missed]).toEqual([["1", "2", "3"], 0]);
});

it("polls that are called hear of another log, and the bus goes on", async () => {
  const { bus, store } = await open();
  const polls = park(bus, 9);
  await bus.sendone("a", 1);
  const later = park(bus, 5);
  store.restart(50_000);
  expect(await Promise.all(polls)).toEqual(polls.map(() => ({ messages: [1], missed: false })));
  expect(await Promise.all(later)).toEqual(later.map(() => ({ messages: [], missed: true })));
});

it("trims of another process take nothing from readers who wait for their turn", async () => {
  const { bus, store } = await open();
  const polls = park(bus, 9);
  const followers = follow(bus, 9);
  const id = await bus.sendone("a", 1);
  store.sink.noteTrims({ last: store.skip(1), floor: 0, watermarks: [['"a"', id]] });
  expect(await Promise.all(polls)).toEqual(polls.map(() => ({ messages: [1], missed: false })));
  await turns();
  for (const { messages, missed } of followers) expect([messages, missed]).toEqual([["1"], 0]);
});

it("rows that grow too old before a crowd has them are not lost to it", async () => {
  const clock = new ManualClock();
  const { bus } = await open({ clock, retention: { age: 1_000 } });
  const polls = park(bus, 9);
  const followers = follow(bus, 9);
  await bus.sendone("a", 1);
  clock.advance(5_000); // a sweep
  await bus.poll(["a"], 1, 0);
  await bus.recent(["a"], 1);
  expect(await Promise.all(polls)).toEqual(polls.map(() => ({ messages: [1], missed: false })));
  await turns();
  for (const { messages, missed } of followers) expect([messages, missed]).toEqual([["1"], 0]);
  expect(await bus.recent(["a"], 1)).toEqual([]);
  expect(bus.stats()).toMatchObject({ rows: 0, channels: 1 });
});

it("a poll from 0 that a trim does not concern takes nobody with it when its time is up", async () => {
  const clock = new ManualClock();
  const { bus, store } = await open({ clock });
  const abort = new AbortController();
  const early = Array.from({ length: 4 }, () => bus.poll(["a"], 0, FOREVER, { signal: abort.signal }));
  const late = park(bus, 6);
  const id = store.skip(1);
  store.sink.noteTrims({ last: id, floor: 0, watermarks: [['"a"', id]] });
  await Promise.resolve();
  await Promise.resolve();
  abort.abort("gone");
  for (const poll of early) await expect(poll).rejects.toBe("gone");
  expect(await Promise.all(late)).toEqual(late.map(() => ({ messages: [], missed: true })));
  await turns();
  expect(bus.stats()).toMatchObject({ waiters: 0, channels: 0 });
});

it("a follower that begins while others are told hears nothing that it has", async () => {
  const { bus } = await open();
  const begun: Told[] = [];
  follow(bus, 2, () => void begun.push(...follow(bus, 1)));
  await bus.sendone("a", 1);
  await turns();
  expect(begun.map(({ messages }) => messages)).toEqual([[], []]);
});

it("a poll whose time is up inside a listener gets the row that the listener hears", async () => {
  const clock = new ManualClock();
  const { bus } = await open({ clock });
  const polls = park(bus, 3, { timeout: 1_000 });
  bus.once("notification", () => clock.advance(2_000));
  await bus.sendone("a", 1);
  expect(await Promise.all(polls)).toEqual(polls.map(() => ({ messages: [1], missed: false })));
});

it("a poll on two channels whose time is up inside a listener takes nobody with it", async () => {
  const clock = new ManualClock();
  const { bus } = await open({ clock });
  const polls = park(bus, 3, { timeout: 1_000, channels: ["a", "b"] });
  const [other] = park(bus, 1, { channels: ["b"] });
  bus.once("notification", () => clock.advance(2_000));
  await bus.sendone("a", 1);
  expect(await Promise.all(polls)).toEqual(polls.map(() => ({ messages: [1], missed: false })));
  await bus.sendone("b", 2);
  expect(await other).toEqual({ messages: [2], missed: false });
});

it("rows that come too old are not lost to followers of whom an earlier one reads", async () => {
  const clock = new ManualClock();
  const { bus, store } = await open({ clock, retention: { age: 1_000 } });
  const followers = follow(bus, 9, () => void bus.poll(["a"], 1, 0));
  const id = store.skip(1);
  store.sink.add([{ id, key: '"a"', json: "1", at: clock.now() - 5_000, send: id }]);
  await turns(10);
  for (const { messages, missed } of followers) expect([messages, missed]).toEqual([["1"], 0]);
});

it("polls that a mount releases while they are called get what was sent", async () => {
  const { bus } = await open();
  const form = ({ rows, last, missed }: Answer) => ({ messages: rows.map(({ json }) => json), last, missed });
  const query = { keys: ['"a"', '"b"'], last: bus.last, limit: 1, lookback: FOREVER };
  const polls = Array.from({ length: 9 }, () => hubOf(bus).poll(query, { timeout: FOREVER, signal: undefined, form }));
  const others = park(bus, 9, { channels: ["b", "a"] });
  const id = await bus.sendone("b", 1);
  await bus.sendone("a", 2);
  hubOf(bus).release(form);
  for (const poll of polls) expect(await poll).toEqual({ messages: ["1"], last: id, missed: false });
  for (const { messages, missed } of await Promise.all(others)) expect([messages[0], missed]).toEqual([1, false]);
  expect(bus.waiting).toBe(0);
});

it("a follower that waits for its turn stands before what it lacks, and finds it if it begins again", async () => {
  const { bus } = await open({ retention: { count: 1 } });
  const start = bus.last;
  const followers = follow(bus, 9);
  const id = await bus.sendone("a", 1);
  for (const { following } of followers) following.moveToNewest();
  const positions = followers.map(({ following }) => following.last);
  expect([positions.filter((last) => last === id).length, positions.at(-1)]).toEqual([2, start]);
  const { following } = followers.at(-1)!;
  following.stop();
  expect(following.next({ take: () => true })?.rows.map(({ json }) => json)).toEqual(["1"]);
});

it("subscribers of diagnostics channels that poll and send disturb no crowd", async () => {
  const { bus } = await open({ retention: { count: 1 } });
  const wakes = diagnostics_channel.channel("nightbus:wake");
  const polled: Promise<unknown>[] = [];
  const onWake = (): void => {
    if (polled.length > 20) return;
    polled.push(bus.poll(["a", "b"], bus.last, FOREVER), bus.sendone("b", polled.length));
  };
  wakes.subscribe(onWake);
  const followers = follow(bus, 9);
  const polls = park(bus, 9, { channels: ["a", "c"] });
  await bus.sendone("a", 1);
  await bus.sendone("a", 2);
  await turns(40);
  wakes.unsubscribe(onWake);
  for (const { messages, missed } of followers) expect([messages, missed]).toEqual([["1", "2"], 0]);
  for (const { messages, missed } of await Promise.all(polls)) expect([messages[0], missed]).toEqual([1, false]);
});
