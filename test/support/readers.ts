import assert from "node:assert/strict";
import type { Bus } from "nightbus";
import { until } from "../../src/testing/conformance/bus/topic.ts";

/** A send, and how long to dawdle before it. */
export interface Sent {
  readonly channels: readonly number[];
  readonly hops: number;
  readonly wait: boolean;
}

/** The manner in which a reader reads on and on. */
export interface Reading {
  readonly channels: readonly number[];
  readonly limit: number;
  /** From 0, or from where the bus stood. */
  readonly fromStart: boolean;
  /** The pause between two polls, in ms. */
  readonly hops: number;
  /** Every so many polls it hangs up while it waits, and comes back; 0 for never. */
  readonly abortEvery: number;
}

interface Committed {
  readonly id: number;
  readonly channel: number;
  readonly send: number;
}

interface Answered {
  readonly from: number;
  readonly ids: readonly number[];
  readonly last: number;
  readonly missed: boolean;
}

/**
 * Sends and reads at the same time on buses that share a log. Then it checks the rows of each reader.
 */
export async function playReaders(
  buses: readonly Bus[],
  sent: readonly Sent[],
  readings: readonly Reading[],
): Promise<void> {
  const begin = buses[0]!.last;
  const sending = { over: false };
  const reading = readings.map((each) => read(buses, each, each.fromStart ? 0 : begin, sending));
  const committed = await send(buses, sent);
  sending.over = true;
  // A reader that has caught up gets the end as its answer, and every other reader has something to read before.
  const readers = Promise.all(reading);
  const waiting = (): number => buses.reduce((sum, bus) => sum + bus.waiting, 0);
  let turnsAtRest = 0; // polls that are called still count as waiting, and are answered in the next turns
  await until(() => {
    const isAtRest = waiting() === readings.length && buses.every(({ last }) => last === committed.at(-1)!.id);
    turnsAtRest = isAtRest ? turnsAtRest + 1 : 0;
    return turnsAtRest > 5;
  }, "everyone has caught up and waits");
  for (const bus of buses) await bus.close();
  for (const [index, answers] of (await readers).entries()) check(readings[index]!, answers, committed);
}

async function send(buses: readonly Bus[], sent: readonly Sent[]): Promise<readonly Committed[]> {
  const commits: Promise<readonly Committed[]>[] = [];
  for (const [index, { channels, hops, wait }] of sent.entries()) {
    await dawdle(hops);
    const committing = buses[index % buses.length]!.sendmany(
      channels.map((channel) => [["c", channel], null] as const),
    );
    commits.push(committing.then((ids) => ids.map((id, at) => ({ id, channel: channels[at]!, send: ids[0]! }))));
    if (wait) await committing;
  }
  return (await Promise.all(commits)).flat().sort((one, other) => one.id - other.id);
}

async function read(
  buses: readonly Bus[],
  reading: Reading,
  start: number,
  sending: { readonly over: boolean },
): Promise<readonly Answered[]> {
  const channels = reading.channels.map((channel) => ["c", channel] as const);
  const answers: Answered[] = [];
  let last = start;
  for (let round = 1; ; round += 1) {
    const hangsUp = reading.abortEvery > 0 && round % reading.abortEvery === 0;
    const abort = new AbortController();
    // With every poll it comes to another process, which may lag behind the one before.
    const bus = buses[round % buses.length]!;
    const poll = bus.poll(channels, last, Number.POSITIVE_INFINITY, { limit: reading.limit, signal: abort.signal });
    if (hangsUp) void dawdle(reading.hops).then(() => sending.over || abort.abort());
    const batch = await poll.catch((error) => (abort.signal.aborted ? undefined : assert.fail(error)));
    if (batch === undefined) continue;
    answers.push({ from: last, ids: batch.map(({ id }) => id), last: batch.last, missed: batch.missed });
    if (batch.length === 0 && !batch.missed) return answers;
    last = batch.last;
    await dawdle(reading.hops);
  }
}

function check({ channels, limit }: Reading, answers: readonly Answered[], committed: readonly Committed[]): void {
  const own = committed.filter(({ channel }) => channels.includes(channel));
  const given = answers.flatMap(({ ids }) => ids);
  assert.deepEqual(given, [...new Set(given)].sort(ascending), "in order, and each once");
  for (const { from, ids, last, missed } of answers) {
    const between = own.filter(({ id }) => id > from && id <= last).map(({ id }) => id);
    assert.ok(
      ids.every((id) => between.includes(id)),
      "what was asked for",
    );
    if (!missed || from === 0) assert.deepEqual(from === 0 ? between.slice(-ids.length || Infinity) : between, ids);
    if (missed)
      assert.ok(
        own.some(({ id }) => id > from && !given.includes(id)),
        "missed is said of something",
      );
    const end = own.find(({ id }) => id === ids.at(-1));
    const rest = own.filter(({ id, send }) => send === end?.send && id > end.id);
    assert.ok(!rest.some(({ id }) => given.includes(id)), "no answer ends inside a send");
    assert.ok(ids.length <= limit || own.find(({ id }) => id === ids[limit - 1])?.send === end?.send, "the limit");
  }
  assert.equal(answers.at(-1)?.last, committed.at(-1)!.id);
}

function ascending(one: number, other: number): number {
  return one - other;
}

async function dawdle(hops: number): Promise<void> {
  for (let hop = 0; hop < hops; hop += 1) await Promise.resolve();
}
