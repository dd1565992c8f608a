import { deepStrictEqual } from "node:assert";
import { LOGS, type LogEngine } from "../engines/logs.ts";
import { asked, said, start } from "../http/processes.ts";
import { quantile } from "../numbers.ts";
import type { Point } from "./point.ts";

const COUNTS = [1, 2, 3, 4];
const ROUNDS = 5;
const PRODUCERS = 32;
const SENDS = 20;

/** The sends a second of processes that share a log. Each process has as many producers, which await each send. */
export async function* points(): AsyncGenerator<Point> {
  for (const engine of Object.keys(LOGS) as LogEngine[]) {
    for (const x of COUNTS)
      yield { curve: "nodes", series: `${engine}, sends a second`, x, y: await measure(engine, x) };
  }
}

async function measure(engine: LogEngine, count: number): Promise<number> {
  const log = LOGS[engine].create();
  const children = Array.from({ length: count }, (_, index) =>
    start("../engines/sender.ts", index % 2, [engine, log.name, `${PRODUCERS}`, `${SENDS}`]),
  );
  try {
    await Promise.all(children.map(said));
    const speeds: number[] = [];
    for (let round = -1; round < ROUNDS; round += 1) {
      const began = performance.now();
      const sent = (await Promise.all(children.map((child) => asked(child, "send")))) as readonly number[]; // the number of sends of each
      const all = sent.reduce((sum, one) => sum + one, 0);
      deepStrictEqual(all, count * PRODUCERS * SENDS, "nodes: not everything was sent");
      if (round >= 0) speeds.push((all / (performance.now() - began)) * 1_000); // the first warms up
    }
    return quantile(speeds, 0.5);
  } finally {
    await Promise.all(children.map((child) => asked(child, "close")));
    await log.remove();
  }
}
