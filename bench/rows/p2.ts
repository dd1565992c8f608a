import { type AnyBus, Bus } from "../built.ts";
import { compare, type Line, MANY_PAIRS, type Ready } from "../harness.ts";

type Entry = readonly [channel: string, message: { readonly from: string; readonly text: string }];
type Batch = readonly Entry[];

const BATCH = 1_000;
/** Batches of one timed run. One bus and one array live through all runs, a million messages and more in all. */
const BATCHES = 17;
/** The bounds of a bus by default. */
const TOTAL = 100_000;

/** `sendmany` with nobody waiting, beside pushing the same entries, serialised as well, to one array. */
export async function* lines(): AsyncGenerator<Line> {
  for (const [channels, atMost] of [
    [1, 1],
    [1_000, 1],
    [100_000, 3],
  ] as const) {
    const batches = batchesOn(channels);
    const [first, again] = [new Bus(), new Bus()];
    const rows: Row[] = [];
    let ours = 0;
    let theirs = 0;
    yield await compare({
      id: "P2",
      workload: `sendmany of 1,000 on ${channels.toLocaleString("en")} ${channels === 1 ? "channel" : "channels"}`,
      beside: "push to one array",
      ours: () => onBus(ours % 2 === 0 ? first : again, turn(batches, ours++ >> 1)),
      rival: () => onArray(rows, turn(batches, theirs++)),
      target: { atMost },
      pairs: MANY_PAIRS,
      count: BATCHES * BATCH,
      of: "message",
    });
    await Promise.all([first.close(), again.close()]);
    if (channels > 1) yield await floor(channels, batches);
  }
}

/** The newest rows alone, and how many each channel has of them: the least of what is trimmed. */
async function floor(channels: number, batches: readonly Batch[]): Promise<Line> {
  const rows: Row[] = [];
  const [first, again] = [new Newest(), new Newest()];
  let ours = 0;
  let theirs = 0;
  return compare({
    id: "P2",
    workload: `floor: the newest 100,000 in an array, and their number on each of ${channels.toLocaleString("en")} channels`,
    beside: "push to one array",
    ours: () => onNewest(ours % 2 === 0 ? first : again, turn(batches, ours++ >> 1)),
    rival: () => onArray(rows, turn(batches, theirs++)),
    target: undefined,
    pairs: MANY_PAIRS,
    count: BATCHES * BATCH,
    of: "message",
  });
}

function turn(batches: readonly Batch[], run: number): readonly Batch[] {
  return Array.from({ length: BATCHES }, (_, index) => batches[(run * BATCHES + index) % batches.length]!);
}

// The same 100,000 entries go again and again, because a million live ones would keep the garbage collector busy.
function batchesOn(channels: number): readonly Batch[] {
  const entry = (number: number): Entry => [
    `channel ${number % channels}`,
    { from: `user ${number % 97}`, text: `hello, this is message ${number}` },
  ];
  const batch = (_: unknown, index: number): Batch =>
    Array.from({ length: BATCH }, (_, at) => entry(index * BATCH + at));
  return Array.from({ length: 100 }, batch);
}

interface Row {
  readonly channel: string;
  readonly json: string;
}

interface Sent {
  readonly count: number;
  /** The newest 1,000. */
  readonly tail: readonly unknown[];
}

function onBus(bus: AnyBus, batches: readonly Batch[]): Ready<Sent> {
  let count = 0;
  return {
    async go() {
      for (const batch of batches) count += (await bus.sendmany(batch)).length;
    },
    async result() {
      const channels = [...new Set(batches.at(-1)!.map(([channel]) => channel))];
      const tail = await bus.poll(channels, bus.last - BATCH);
      return { count, tail: tail.map(({ channel, message }) => [channel, message]) };
    },
  };
}

class Newest {
  readonly #rows: Row[] = [];
  readonly #sizes = new Map<string, { rows: number }>();
  #count = 0;

  add(row: Row): void {
    const place = this.#count++ % TOTAL;
    const oldest = this.#rows[place];
    if (oldest !== undefined) this.#sizes.get(oldest.channel)!.rows -= 1;
    this.#rows[place] = row;
    const size = this.#sizes.get(row.channel);
    if (size === undefined) this.#sizes.set(row.channel, { rows: 1 });
    else size.rows += 1;
  }

  tail(): readonly Row[] {
    return Array.from({ length: BATCH }, (_, index) => this.#rows[(this.#count - BATCH + index) % TOTAL]!);
  }
}

function onNewest(newest: Newest, batches: readonly Batch[]): Ready<Sent> {
  let count = 0;
  return {
    go() {
      for (const batch of batches) {
        for (const [channel, message] of batch) newest.add({ channel, json: JSON.stringify(message) });
        count += batch.length;
      }
    },
    result: () => ({ count, tail: contentOf(newest.tail()) }),
  };
}

function onArray(rows: Row[], batches: readonly Batch[]): Ready<Sent> {
  const before = rows.length;
  return {
    go() {
      for (const batch of batches) {
        for (const [channel, message] of batch) rows.push({ channel, json: JSON.stringify(message) });
      }
    },
    result: () => ({ count: rows.length - before, tail: contentOf(rows.slice(-BATCH)) }),
  };
}

function contentOf(rows: readonly Row[]): readonly unknown[] {
  return rows.map(({ channel, json }) => [channel, JSON.parse(json)]);
}
