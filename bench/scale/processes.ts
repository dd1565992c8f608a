import { type ChildProcess, fork } from "node:child_process";
import { once } from "node:events";
import { writeFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { parseArgs } from "node:util";
import { LOGS, type LogEngine } from "../engines/logs.ts";
import { asked, said } from "../http/processes.ts";
import { machine } from "../report.ts";
import type { Spread } from "./scales.ts";
import type { Order } from "./worker.ts";

// `npm run bench:processes` shares the work of one log among one, two and four processes: sends, and readers. The readers'
// sends come from one more process.
// `npm run bench:processes -- --json FILE redis` measures these stores, and writes the figures.

const PRODUCERS = 64;
const SENDS = 4_000;
const READERS = 1_000;
const MESSAGES = 400;
const ROUNDS = 5;

const { values, positionals } = parseArgs({ options: { json: { type: "string" } }, allowPositionals: true });
const engines = (positionals.length > 0 ? positionals : Object.keys(LOGS)) as readonly LogEngine[];
const all: Spread[] = [];
for (const engine of engines) {
  for (const processes of [1, 2, 4]) {
    const spread = await measure(engine, processes);
    console.error(JSON.stringify(spread));
    all.push(spread);
  }
}
if (values.json !== undefined)
  writeFileSync(values.json, `${JSON.stringify({ ...machine(), spreads: all }, null, 2)}\n`);

async function measure(engine: LogEngine, processes: number): Promise<Spread> {
  const log = LOGS[engine].create();
  const children: ChildProcess[] = [];
  try {
    for (let n = 0; n <= processes; n += 1) {
      const child = fork(fileURLToPath(new URL("worker.ts", import.meta.url)), [engine, log.name]);
      children.push(child);
      await said(child);
    }
    const [sender, ...workers] = children as [ChildProcess, ...ChildProcess[]]; // as many were started
    const order = (each: Order): Promise<readonly unknown[]> => Promise.all(workers.map((child) => asked(child, each)));
    const produce = { produce: PRODUCERS / processes, sends: SENDS / PRODUCERS };
    const sends = await median(SENDS, () => order(produce));
    await order({ readers: READERS / processes });
    const deliveries = await median(READERS * MESSAGES, async () => {
      const heard = order({ hear: MESSAGES });
      await asked(sender, { produce: 1, sends: MESSAGES } satisfies Order);
      for (const count of await heard) {
        if (count !== (READERS / processes) * MESSAGES) throw new Error(`the readers of a process heard ${count}`);
      }
    });
    return { engine, processes, sends, deliveries };
  } finally {
    await Promise.all(
      children.map((child) => {
        const ended = once(child, "exit");
        child.disconnect();
        return ended;
      }),
    );
    await log.remove(); // nobody has it open
  }
}

/** Returns how many a second: the median of the rounds, after one that is not counted. */
async function median(count: number, work: () => Promise<unknown>): Promise<number> {
  const rates: number[] = [];
  await work();
  for (let round = 0; round < ROUNDS; round += 1) {
    const from = performance.now();
    await work();
    rates.push((count / (performance.now() - from)) * 1_000);
  }
  return rates.sort((one, other) => one - other)[ROUNDS >> 1]!;
}
