import { type LogEngine, openLog } from "./logs.ts";
import { produce } from "./producers.ts";

// A process that sends on command, and reports the number of sends: `sender.ts ENGINE LOG PRODUCERS SENDS`. The message
// "close" ends it.

const [engine, name, producers, sends] = process.argv.slice(2);
const bus = await openLog(engine as LogEngine, name!); // nodes.ts starts it with these
await bus.sendone("lobby", "begins the run");
process.on("message", async (task) => {
  if (task === "close") {
    await bus.close();
    process.send?.(0);
    return process.disconnect();
  }
  await produce(Number(producers), Number(sends), (message) => bus.sendone("lobby", message));
  process.send?.(Number(producers) * Number(sends));
});
process.on("disconnect", () => process.exit());
process.send?.("ready");
