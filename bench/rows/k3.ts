import { setTimeout as pause } from "node:timers/promises";
import { LOGS, type LogEngine, openLog } from "../engines/logs.ts";
import type { Line } from "../harness.ts";
import { said, start } from "../http/processes.ts";
import { quantile } from "../numbers.ts";

const OTHERS = 3;
const SENDS = 200;
/** The figure that Solid Cable publishes for 100 readers, in ms. */
const SOLID_CABLE = 136;
const REACH = 25;

/** From the call that sends to the poll that is answered in another of four processes, one send at a time. */
export async function* lines(): AsyncGenerator<Line> {
  for (const engine of Object.keys(LOGS) as LogEngine[]) yield await measure(engine);
}

async function measure(engine: LogEngine): Promise<Line> {
  const log = LOGS[engine].create();
  const bus = await openLog(engine, log.name);
  await bus.ready();
  const others = Array.from({ length: OTHERS }, (_, index) =>
    start("../engines/seer.ts", index % 2, [engine, log.name]),
  );
  try {
    await Promise.all(others.map(said));
    const took: number[] = [];
    for (let send = 0; send < SENDS; send += 1) {
      const seen = Promise.all(others.map(said));
      await bus.sendone("lobby", { at: performance.timeOrigin + performance.now() });
      took.push(...((await seen) as number[])); // seer.ts says nothing else
      await pause(5); // so that it finds everyone waiting, and nothing gathers
    }
    return lineOf(engine, took.slice(OTHERS * 10));
  } finally {
    for (const other of others) other.send("close");
    await bus.close();
    await log.remove();
  }
}

function lineOf(engine: LogEngine, took: readonly number[]): Line {
  const median = quantile(took, 0.5);
  return {
    id: "K3",
    workload: `send to seen in another of ${OTHERS + 1} processes, ${engine}`,
    beside: "Solid Cable's published figure at 100 readers, as context",
    ours: `${median.toPrecision(3)} ms`,
    rival: `${SOLID_CABLE} ms`,
    ratio: median / SOLID_CABLE,
    low: quantile(took, 0.1) / SOLID_CABLE,
    high: quantile(took, 0.9) / SOLID_CABLE,
    control: undefined,
    target: { atMost: Number((REACH / SOLID_CABLE).toFixed(2)) },
  };
}
