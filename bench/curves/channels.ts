import { deepStrictEqual } from "node:assert";
import { Bus } from "../built.ts";
import { collectGarbage } from "../harness.ts";
import type { Point } from "./point.ts";

const COUNTS = [1, 1_000, 10_000, 100_000, 1_000_000];
const SEND = 1_000;
/** Each count gets as many sends, so that channels are compared and not sends. */
const MESSAGES = 1_000_000;

/** The cost of a send, and of keeping a channel. */
export async function* points(): AsyncGenerator<Point> {
  await measure(COUNTS[0]!); // warms up
  for (const count of COUNTS) {
    const measured = await measure(count);
    for (const [series, y] of Object.entries(measured)) yield { curve: "channels", series, x: count, y };
  }
}

async function measure(count: number): Promise<Readonly<Record<string, number>>> {
  collectGarbage();
  const before = process.memoryUsage().heapUsed;
  const bus = new Bus({ retention: { count: 1, total: count } });
  let sending = 0;
  for (let first = 0; first < MESSAGES; first += SEND) {
    const entries = Array.from(
      { length: SEND },
      (_, index) => [`channel ${(first + index) % count}`, { n: first }] as const,
    );
    const start = performance.now();
    await bus.sendmany(entries);
    sending += performance.now() - start;
  }
  collectGarbage();
  const after = process.memoryUsage().heapUsed;
  const found = await bus.poll([`channel ${count - 1}`], 0, 0);
  deepStrictEqual(found.length, 1, "channels: it does not retain one on each");
  await bus.close();
  return {
    "to send, us a message": (sending / MESSAGES) * 1_000,
    ...(count > 1 && { "heap, bytes a channel": (after - before) / count }), // the median of one run would be the bus's own
  };
}
