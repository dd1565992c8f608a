import { type AnyBus, Bus } from "../built.ts";
import { compare, type Line, type Ready } from "../harness.ts";

type Entry = readonly [channel: string, message: { readonly from: string; readonly text: string }];
type Batch = readonly Entry[];

const BATCH = 1_000;
/** Batches of one timed run. One bus and one array live through all runs, a million messages and more in all. */
const BATCHES = 33;

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
      count: BATCHES * BATCH,
      of: "message",
    });
    await Promise.all([first.close(), again.close()]);
    if (channels > 1) yield await floor(channels, batches);
  }
}

/** Finding each entry's channel, and keeping its text there as well as in the one order. */
async function floor(channels: number, batches: readonly Batch[]): Promise<Line> {
  const rows: Row[] = [];
  const kept = new Map<string, number[]>();
  const all: Row[] = [];
  let ours = 0;
  let theirs = 0;
  return compare({
    id: "P2",
    workload: `floor: a Map of ${channels.toLocaleString("en")} channels beside the array, nothing trimmed`,
    beside: "push to one array",
    ours: () => onChannels(all, kept, turn(batches, ours++)),
    rival: () => onArray(rows, turn(batches, theirs++)),
    target: undefined,
    count: BATCHES * BATCH,
    of: "message",
  });
}

function turn(batches: readonly Batch[], run: number): readonly Batch[] {
  return Array.from({ length: BATCHES }, (_, index) => batches[(run * BATCHES + index) % batches.length]!);
}

// The same 100,000 entries over and over: a million of them alive would be what the garbage collector is busy with.
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

function onChannels(rows: Row[], kept: Map<string, number[]>, batches: readonly Batch[]): Ready<Sent> {
  const side = onArray(rows, batches);
  return {
    go() {
      const before = rows.length;
      side.go();
      for (let place = before; place < rows.length; place += 1) {
        const { channel } = rows[place]!;
        const places = kept.get(channel);
        if (places === undefined) kept.set(channel, [place]);
        else places.push(place);
      }
    },
    result: side.result,
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
    result: () => ({
      count: rows.length - before,
      tail: rows.slice(-BATCH).map(({ channel, json }) => [channel, JSON.parse(json)]),
    }),
  };
}
