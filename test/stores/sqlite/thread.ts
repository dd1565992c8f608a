// A thread that sends on a bus of its own, and posts the ids: `thread.ts PATH NAME COUNT`.
import { parentPort } from "node:worker_threads";
import { Bus } from "../../../src/bus.ts";
import { sqlite } from "../../../src/stores/sqlite.ts";

const [path, name, count] = process.argv.slice(2);
const bus = new Bus({ store: sqlite(path!) });
const sends = await Promise.all(
  Array.from({ length: Number(count) }, (_, n) =>
    bus.sendmany([0, 1, 2].map((part) => ["threads", { name, n, part }] as const)),
  ),
);
await bus.close();
parentPort!.postMessage(sends);
