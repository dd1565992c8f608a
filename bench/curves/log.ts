import { deepStrictEqual } from "node:assert";
import { type AnyBus, Bus } from "../built.ts";
import { collectGarbage } from "../harness.ts";
import { quantile } from "../numbers.ts";
import type { Point } from "./point.ts";

const LENGTHS = [10_000, 100_000, 500_000, 1_000_000, 2_000_000];
const CHANNELS = 10_000;
const SEND = 1_000;
/** A reader of this many channels that missed this many rows of all channels. */
const ASKED = 50;
const BEHIND = 10_000;
const TIMES = 51;

interface Row {
  readonly id: number;
  readonly key: string;
  readonly json: string;
}

/** The cost of catching up and of keeping a row, beside an array of rows that is filtered. */
export async function* points(): AsyncGenerator<Point> {
  await measure(LENGTHS[0]!); // warms up
  for (const length of LENGTHS) {
    const measured = await measure(length);
    for (const [series, y] of Object.entries(measured)) yield { curve: "log", series, x: length, y };
  }
}

async function measure(length: number): Promise<Readonly<Record<string, number>>> {
  collectGarbage();
  const before = process.memoryUsage().heapUsed;
  const bus = new Bus({ retention: { count: length, total: length } });
  for (let first = 0; first < length; first += SEND) {
    await bus.sendmany(Array.from({ length: SEND }, (_, index) => entryOf(first + index)));
  }
  collectGarbage();
  const heap = process.memoryUsage().heapUsed - before;
  const rows = Array.from({ length }, (_, index): Row => {
    const [key, message] = entryOf(index);
    return { id: bus.last - length + 1 + index, key, json: JSON.stringify(message) };
  });
  const channels = Array.from({ length: ASKED }, (_, index) => keyOf(index * 191));
  const last = bus.last - BEHIND;
  const ours = await timed(async () => (await poll(bus, channels, last)).length);
  const theirs = await timed(async () => filter(rows, channels, last).length);
  deepStrictEqual(ours.result, theirs.result, "log: the results are not equal");
  await bus.close();
  return {
    "nightbus, us": ours.us,
    "an array that is filtered, us": theirs.us,
    "heap, bytes a row": heap / length,
  };
}

async function timed(work: () => Promise<number>): Promise<{ readonly us: number; readonly result: number }> {
  const times: number[] = [];
  let result = 0;
  for (let time = 0; time < TIMES; time += 1) {
    const start = performance.now();
    result = await work();
    times.push((performance.now() - start) * 1_000);
  }
  return { us: quantile(times, 0.5), result };
}

function poll(bus: AnyBus, channels: readonly string[], last: number): Promise<readonly unknown[]> {
  return bus.poll(channels, last, 0);
}

function filter(rows: readonly Row[], channels: readonly string[], last: number): readonly Row[] {
  const wanted = new Set(channels);
  return rows.filter(({ id, key }) => id > last && wanted.has(key));
}

function entryOf(index: number): readonly [string, unknown] {
  return [keyOf(index), { from: "user 7", text: `hello, this is message ${index}` }];
}

function keyOf(index: number): string {
  return `channel ${index % CHANNELS}`;
}
