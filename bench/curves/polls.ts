import { deepStrictEqual } from "node:assert";
import { Bus } from "../built.ts";
import { collectGarbage } from "../harness.ts";
import { Readers } from "../waiting.ts";
import type { Point } from "./point.ts";

const COUNTS = [1_000, 10_000, 100_000, 1_000_000];
/** The polls of one send, so that one tick wakes a thousand. */
const SEND = 1_000;

/** The cost of parking, holding and waking a poll. */
export async function* points(): AsyncGenerator<Point> {
  await measure(COUNTS[0]!); // warms up
  for (const count of COUNTS) {
    const measured = await measure(count);
    for (const [series, y] of Object.entries(measured)) yield { curve: "polls", series, x: count, y };
  }
}

async function measure(count: number): Promise<Readonly<Record<string, number>>> {
  const bus = new Bus();
  await bus.ready();
  const readers = new Readers(count);
  const channels = Array.from({ length: count }, (_, index) => `channel ${index}`);
  const before = heap();
  const start = performance.now();
  for (const channel of channels) readers.await(bus.poll([channel], bus.last, 10 ** 9));
  const parked = performance.now();
  const after = heap();
  const waking = performance.now();
  for (let first = 0; first < count; first += SEND) {
    await bus.sendmany(channels.slice(first, first + SEND).map((channel) => [channel, { n: 1 }]));
  }
  await readers.done;
  const woken = performance.now();
  deepStrictEqual(readers.woken, { readers: count, sum: count }, "polls: not everyone was woken once");
  await bus.close();
  return {
    "to park, us a poll": ((parked - start) / count) * 1_000,
    "heap, bytes a poll": (after - before) / count,
    "to send to it and wake it, us a poll": ((woken - waking) / count) * 1_000,
  };
}

function heap(): number {
  collectGarbage();
  return process.memoryUsage().heapUsed;
}
