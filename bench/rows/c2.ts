import { type AnyBus, Bus } from "../built.ts";
import { counting } from "../counting.ts";
import { compare, type Line, type Ready } from "../harness.ts";

const SEND = 100;
const SENDS = 50;
const ALL = SEND * SENDS;

/** More than all that is sent: nothing is trimmed before it is handled. */
const RETENTION = { count: 2 * ALL };

/** A consumer, whose position the store keeps, beside a subscription, which keeps none. */
export async function* lines(): AsyncGenerator<Line> {
  yield await compare({
    id: "C2",
    workload: `a consumer of ${ALL.toLocaleString("en")} notifications, in memory`,
    beside: "subscribe",
    ours: () => consuming(),
    rival: () => subscribed(),
    target: { atMost: 2 },
    count: ALL,
    of: "notification",
  });
}

async function consuming(): Promise<Ready<readonly unknown[]>> {
  const bus = new Bus({ retention: RETENTION });
  const { heard, all } = counting<unknown>(ALL);
  const consumer = bus.consume("counter", ["jobs"], ({ message }) => heard(message));
  await bus.ready();
  while (!consumer.isActive) await new Promise((resolve) => setTimeout(resolve, 1));
  return ready(bus, all);
}

async function subscribed(): Promise<Ready<readonly unknown[]>> {
  const bus = new Bus({ retention: RETENTION });
  const { heard, all } = counting<unknown>(ALL);
  await bus.ready();
  const news = bus.subscribe(["jobs"]);
  void (async () => {
    for await (const { message } of news) heard(message);
  })();
  return ready(bus, all);
}

function ready(bus: AnyBus, all: Promise<readonly unknown[]>): Ready<readonly unknown[]> {
  return {
    async go() {
      for (let send = 0; send < SENDS; send += 1) {
        await bus.sendmany(Array.from({ length: SEND }, (_, n) => ["jobs", send * SEND + n] as const));
      }
      await all;
    },
    async result() {
      await bus.close();
      return all;
    },
  };
}
