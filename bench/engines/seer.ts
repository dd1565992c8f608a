import { type LogEngine, openLog } from "./logs.ts";

// A process that measures when it sees the sends of another process: `seer.ts ENGINE LOG`. The message "close" ends it.

const [engine, name] = process.argv.slice(2);
const bus = await openLog(engine as LogEngine, name!); // k3.ts starts it with these
await bus.ready();
const reading = new AbortController();
process.once("message", async () => {
  reading.abort();
  await bus.close();
  process.disconnect();
});
process.on("disconnect", () => process.exit());
process.send?.("ready");

for (let { last } = bus; ; ) {
  const batch = await bus
    .poll(["lobby"], last, Number.POSITIVE_INFINITY, { signal: reading.signal })
    .catch(() => undefined);
  if (batch === undefined) break;
  const now = performance.timeOrigin + performance.now();
  for (const { message } of batch) process.send?.(now - (message as { readonly at: number }).at); // as k3.ts sends it
  ({ last } = batch);
}
