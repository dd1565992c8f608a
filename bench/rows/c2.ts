import { type AnyBus, Bus } from "../built.ts";
import { counting } from "../counting.ts";
import { compare, type Line, MANY_PAIRS, type Ready } from "../harness.ts";

const SEND = 100;
const ALL = 500 * SEND;

/** More than all that is sent: nothing is trimmed before it is handled. */
const RETENTION = { count: 4 * ALL };

/** A consumer, whose position the store keeps, beside a subscription, which keeps none. */
export async function* lines(): AsyncGenerator<Line> {
  yield await compare({
    id: "C2",
    workload: `a consumer of ${ALL.toLocaleString("en")} notifications, in memory`,
    beside: "subscribe",
    ours: () => consuming(),
    rival: () => subscribed(),
    target: { atMost: 2 },
    pairs: MANY_PAIRS,
    count: ALL,
    of: "notification",
  });
}

async function consuming(): Promise<Ready<readonly unknown[]>> {
  const bus = new Bus({ retention: RETENTION });
  const { heard, ...news } = heardTwice();
  const consumer = bus.consume("counter", ["jobs"], ({ message }) => heard(message));
  await bus.ready();
  while (!consumer.isActive) await new Promise((resolve) => setTimeout(resolve, 1));
  return ready(bus, news);
}

async function subscribed(): Promise<Ready<readonly unknown[]>> {
  const bus = new Bus({ retention: RETENTION });
  const { heard, ...news } = heardTwice();
  await bus.ready();
  const subscription = bus.subscribe(["jobs"]);
  void (async () => {
    for await (const { message } of subscription) heard(message);
  })();
  return ready(bus, news);
}

interface News {
  /** Resolves once the notifications have come that are not timed. */
  readonly warm: Promise<unknown>;
  /** Resolves with all, those of both times. */
  readonly all: Promise<readonly unknown[]>;
}

function heardTwice(): News & { readonly heard: (message: unknown) => void } {
  const warm = counting<unknown>(ALL);
  const all = counting<unknown>(2 * ALL);
  const heard = (message: unknown): void => {
    warm.heard(message);
    all.heard(message);
  };
  return { heard, warm: warm.all, all: all.all };
}

function ready(bus: AnyBus, { warm, all }: News): Ready<readonly unknown[]> {
  const send = async (): Promise<void> => {
    for (let sent = 0; sent < ALL; sent += SEND) {
      await bus.sendmany(Array.from({ length: SEND }, (_, n) => ["jobs", sent + n] as const));
    }
  };
  return {
    async warm() {
      await send();
      await warm;
    },
    async go() {
      await send();
      await all;
    },
    async result() {
      await bus.close();
      return all;
    },
  };
}
