import { randomBytes } from "node:crypto";
import { Redis } from "ioredis";
import { Bus } from "../../src/bus.ts";
import { redis } from "../../src/stores/redis.ts";
import { addressOf } from "../../test/support/engines/addresses.ts";
import type { ByHand } from "../engines/by-hand.ts";
import type { Sent } from "../engines/producers.ts";
import { redisByHand } from "../engines/redis-by-hand.ts";
import { runWindows } from "./windows.ts";

// Sends on a log in Redis, and reads them: `shared.mjs PATH`. Redis runs in its own process, so it is not in the count.

const PRODUCERS = 64;
const name = `nightbus-guard-${randomBytes(6).toString("hex")}`;

if (process.argv[2] === "share") await counted(await onBus());
else await counted(await redisByHand(name));
process.exit(); // the end of the process would take time

/** A pass is one send of each producer, which resolves once this process has seen it. */
async function counted({ send, onSeen, close }: ByHand): Promise<void> {
  let [n, missing] = [0, 0];
  let seenAll = (): void => {};
  onSeen(() => {
    missing -= 1;
    if (missing === 0) seenAll();
  });
  await runWindows({ warmUp: 300, inWindow: 8 }, async () => {
    n += 1;
    missing = PRODUCERS;
    const all = new Promise<void>((resolve) => {
      seenAll = resolve;
    });
    await Promise.all(Array.from({ length: PRODUCERS }, (_, from) => send({ from, n })));
    await all;
  });
  await close();
}

async function onBus(): Promise<ByHand> {
  // The log by hand trims nothing either.
  const retention = { age: Number.POSITIVE_INFINITY, count: 1_500_000, total: 1_500_000 };
  const bus = new Bus({ store: redis(addressOf("redis"), { prefix: name }), retention });
  await bus.ready();
  return {
    send: (message) => bus.sendone("lobby", message),
    onSeen: (listener) => void bus.on("notification", ({ message }) => listener(message as Sent[number])), // as sent here
    async close() {
      await bus.close();
      const client = new Redis(addressOf("redis"));
      await client.del(await client.keys(`{${name}}:*`));
      client.disconnect();
    },
  };
}
