// A process that sends until it is killed, and prints what was acknowledged: `writer.ts PATH NAME FIRST [COUNT]`.
import { Bus } from "../../../src/bus.ts";
import { sqlite } from "../../../src/stores/sqlite.ts";

const [path, name, first, count] = process.argv.slice(2);
const retention = { age: Number.POSITIVE_INFINITY, count: Number.POSITIVE_INFINITY, total: Number.POSITIVE_INFINITY };
const bus = new Bus({ store: sqlite(path!), retention });
const end = Number(first) + Number(count ?? Number.POSITIVE_INFINITY);

// Several sends are on their way at any time, so that commits carry several of them.
await Promise.all([0, 1, 2, 3].map(send));
await bus.close();

async function send(lane: number): Promise<void> {
  for (let n = Number(first) + lane; n < end; n += 4) {
    const ids = await bus.sendmany([0, 1, 2].map((part) => [`part ${part}`, { name, n, part }] as const));
    process.stdout.write(`${JSON.stringify({ n, ids })}\n`);
  }
}
