// A process with two consumers, which works until it is killed: `worker.ts STORE ADDRESS SEEN LEASE`.
import { appendFileSync } from "node:fs";
import { Bus, type ConsumeContext } from "nightbus";
import type pg from "pg";
import type { Database } from "../../stores/sqlite/database.ts";
import { STORES, type StoreName } from "../cluster/stores.ts";

const [store, address, seen, lease] = process.argv.slice(2) as [StoreName, string, string, string];
const forever = { age: Number.POSITIVE_INFINITY, count: Number.POSITIVE_INFINITY };
const bus = new Bus({ store: await STORES[store](address), retention: forever });
// A store that is restarted is reported, and nothing else may be.
bus.on("error", (error) => {
  if ((error as { code?: unknown }).code !== "store") console.error(error.message);
});

const options = { from: "start", lease: Number(lease), attempts: Number.POSITIVE_INFINITY } as const;
const ended: Promise<void>[] = [];
if (store === "sqlite") {
  const handle = ({ message }: { message: unknown }, { tx }: ConsumeContext<Database>): void => {
    tx.prepare("insert into ledger (job) values (?)").run(message as number);
  };
  ended.push(bus.consume("once", ["jobs"], handle, { ...options, transaction: true }).done);
} else if (store === "postgres") {
  const handle = async ({ message }: { message: unknown }, { tx }: ConsumeContext<pg.Client>): Promise<void> => {
    await tx.query("insert into ledger (job) values ($1)", [message]);
  };
  ended.push(bus.consume("once", ["jobs"], handle, { ...options, transaction: true }).done);
}
const note = async ({ message }: { message: unknown }, { fence }: { fence: number }): Promise<void> => {
  appendFileSync(seen, `${fence} ${message}\n`);
  await new Promise((resolve) => setImmediate(resolve));
};
ended.push(bus.consume("at least once", ["jobs"], note, options).done);
process.stdout.write("ready\n");
await Promise.all(ended);
