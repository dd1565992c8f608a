import { deepStrictEqual } from "node:assert";
import { EventEmitter, once } from "node:events";
import { Bus } from "../built.ts";
import { collectGarbage, type Line } from "../harness.ts";
import { quantile } from "../numbers.ts";

const WAITING = 5_000;
const TIMES = 7;

/** The heap of a parked poll, in bytes, beside that of `events.once`. */
export async function* lines(): AsyncGenerator<Line> {
  const ours: number[] = [];
  const theirs: number[] = [];
  for (let time = -1; time < TIMES; time += 1) {
    const [poll, event] = [await heapOfPoll(), await heapOfOnce()];
    if (time < 0) continue; // the code and the caches of the path exist then
    ours.push(poll);
    theirs.push(event);
  }
  yield {
    id: "P7",
    workload: "heap of a parked poll (target: bytes)",
    beside: "events.once",
    ours: `${Math.round(quantile(ours, 0.5))} bytes`,
    rival: `${Math.round(quantile(theirs, 0.5))} bytes`,
    ratio: quantile(ours, 0.5),
    low: quantile(ours, 0.1),
    high: quantile(ours, 0.9),
    control: undefined,
    target: { atMost: 400 },
  };
}

async function heapOfPoll(): Promise<number> {
  const bus = new Bus();
  await bus.ready();
  const { bytes, waiting } = await heapOf(() => bus.poll(["lobby"], bus.last));
  await bus.sendone("lobby", {});
  const batches = await Promise.all(waiting);
  await bus.close();
  deepStrictEqual(
    batches.map(({ length }) => length),
    waiting.map(() => 1),
    "P7: not everyone was woken once",
  );
  return bytes;
}

async function heapOfOnce(): Promise<number> {
  const emitter = new EventEmitter();
  emitter.setMaxListeners(0);
  const { bytes, waiting } = await heapOf(() => once(emitter, "lobby"));
  emitter.emit("lobby", {});
  const events = await Promise.all(waiting);
  deepStrictEqual(
    events.map(({ length }) => length),
    waiting.map(() => 1),
    "P7: not everyone was woken once",
  );
  return bytes;
}

async function heapOf<T>(wait: () => Promise<T>): Promise<{ bytes: number; waiting: Promise<T>[] }> {
  const waiting = new Array<Promise<T>>(WAITING);
  collectGarbage();
  const before = process.memoryUsage().heapUsed;
  for (let index = 0; index < WAITING; index += 1) waiting[index] = wait();
  await new Promise((resolve) => setImmediate(resolve));
  collectGarbage();
  return { bytes: (process.memoryUsage().heapUsed - before) / WAITING, waiting };
}
