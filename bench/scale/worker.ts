import { type LogEngine, openLog } from "../engines/logs.ts";
import { produce } from "../engines/producers.ts";

// A process with a bus on a log that others share. The process does each order, and answers.

/** Sends by so many producers; readers that stay; or a wait until each reader has heard so many more. */
export type Order =
  | { readonly produce: number; readonly sends: number }
  | { readonly readers: number }
  | { readonly hear: number };

const [engine, name] = process.argv.slice(2) as [LogEngine, string]; // processes.ts gives both
const bus = await openLog(engine, name, { retention: { count: 20_000, total: 20_000 } });
await bus.ready();

let readers = 0;
let heard = 0;
let wanted = Number.POSITIVE_INFINITY;
let allHeard = (): void => {};

process.on("message", async (order) => process.send?.(await perform(order as Order)));
process.on("disconnect", () => process.exit());
process.send?.("ready");

async function perform(order: Order): Promise<number> {
  if ("produce" in order) {
    await produce(order.produce, order.sends, (message) => bus.sendone("lobby", message));
    return order.sends;
  }
  if ("readers" in order) {
    for (; readers < order.readers; readers += 1) void read();
    return readers;
  }
  wanted = readers * order.hear;
  if (heard < wanted) {
    await new Promise<void>((resolve) => {
      allHeard = resolve;
    });
  }
  const count = heard;
  heard = 0;
  wanted = Number.POSITIVE_INFINITY;
  return count;
}

async function read(): Promise<void> {
  for await (const _ of bus.subscribe(["lobby"])) {
    heard += 1;
    if (heard >= wanted) allHeard();
  }
}
