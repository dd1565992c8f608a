import PgBoss from "pg-boss";
import { addressOf } from "../../test/support/engines/addresses.ts";
import type { AnyBus } from "../built.ts";
import { counting } from "../counting.ts";
import { LOGS, nameOfOwn, openLog } from "../engines/logs.ts";
import { compare, type Line, type Ready } from "../harness.ts";

const JOBS = 500;
const BATCH = 50;
const RETENTION = { count: 1_000_000, total: 1_000_000 };

/** Jobs handled one by one and in order on Postgres, from lists of 50, beside pg-boss with one worker. The row is context, since pg-boss keeps a state of each job. */
export async function* lines(): AsyncGenerator<Line> {
  const log = LOGS.postgres.create();
  const bus = await openLog("postgres", log.name, { retention: RETENTION });
  const boss = new PgBoss({ connectionString: addressOf("postgres"), schema: nameOfOwn().replaceAll("-", "_") });
  boss.on("error", () => {});
  await boss.start();
  await boss.createQueue("jobs");
  try {
    const context = await compare({
      id: "C3",
      workload: `${JOBS} jobs sent and handled, postgres, lists of ${BATCH}`,
      beside: "pg-boss",
      ours: () => onBus(bus),
      rival: () => onBoss(boss),
      target: undefined,
      isSpeed: true,
      count: JOBS,
      of: "job",
    });
    yield { ...context, isContext: true };
  } finally {
    await bus.close();
    await log.remove();
    await boss.stop({ graceful: false });
  }
}

type Jobs = readonly unknown[];

async function onBus(bus: AnyBus): Promise<Ready<Jobs>> {
  const { heard, all } = counting<unknown>(JOBS);
  const options = { batch: BATCH, from: "now" } as const;
  const handle = (batch: readonly { readonly message: unknown }[]): void => {
    for (const { message } of batch) heard(message);
  };
  await bus.consumers.delete("worker");
  const consumer = bus.consume("worker", ["jobs"], handle, options);
  while (!consumer.isActive) await new Promise((resolve) => setTimeout(resolve, 1));
  return {
    async go() {
      await bus.sendmany(Array.from({ length: JOBS }, (_, job) => ["jobs", job] as const));
      await all;
      await consumer.close(); // the position is written
    },
    result: () => all,
  };
}

async function onBoss(boss: PgBoss): Promise<Ready<Jobs>> {
  const { heard, all } = counting<unknown>(JOBS);
  return {
    async go() {
      await boss.insert(Array.from({ length: JOBS }, (_, job) => ({ name: "jobs", data: { job } })));
      for (let done = 0; done < JOBS; ) {
        const batch = await boss.fetch<{ job: number }>("jobs", { batchSize: BATCH });
        for (const { data } of batch) heard(data.job);
        await boss.complete(
          "jobs",
          batch.map(({ id }) => id),
        );
        done += batch.length;
      }
    },
    result: async () => (await all).toSorted((one, other) => Number(one) - Number(other)),
  };
}
