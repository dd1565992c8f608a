import { hash } from "node:crypto";
import { type AnyBus, Bus } from "../built.ts";
import { type LogByHand, natsByHand, postgresByHand, redisByHand, sqliteByHand } from "../engines/keys-by-hand.ts";
import { LOGS, type LogEngine, openLog } from "../engines/logs.ts";
import { inOrder, produce, type Sent } from "../engines/producers.ts";
import { compare, type Line, type Ready, type Target } from "../harness.ts";

/** The keys that a bus remembers, unless told otherwise. */
const MOST_KEYS = 100_000;
const RETENTION = { count: 1_000_000, total: 1_000_000 };

/** The place where a key is kept by hand. */
const KEPT_BY = {
  sqlite: "a row in a table of keys",
  postgres: "a row in a table of keys",
  redis: "a field of a hash by a script",
  nats: "the id of the message",
} as const satisfies Record<LogEngine, string>;

interface Workload {
  readonly engine: LogEngine;
  readonly producers: number;
  readonly sends: number;
  readonly target: Target;
}

const WORKLOADS: readonly Workload[] = [
  { engine: "sqlite", producers: 1, sends: 200, target: { atMost: 1.15 } },
  { engine: "sqlite", producers: 64, sends: 15, target: { atMost: 1.15 } },
  { engine: "postgres", producers: 1, sends: 100, target: { atMost: 1.15 } },
  { engine: "redis", producers: 1, sends: 200, target: { atMost: 1.15 } },
  { engine: "nats", producers: 1, sends: 100, target: { atMost: 1.15 } },
];

/** A send with a key of its own, beside the same send without one. */
export async function* lines(): AsyncGenerator<Line> {
  const bus = new Bus({ retention: RETENTION });
  // Fewer sends take so short that one garbage collection makes the pair.
  yield await measure(bus, "in memory", { producers: 64, sends: 400, target: { atMost: 1.15 } });
  yield await atLeast(bus, { producers: 64, sends: 400 });
  await bus.close();
  for (const workload of WORKLOADS) yield await onEngine(workload);
  yield await atLeastOn("sqlite", sqliteByHand(), 200);
  yield await atLeastTogether();
  yield await atLeastOn("postgres", await postgresByHand(), 100);
  yield await atLeastOn("redis", redisByHand(), 200);
  yield await atLeastOn("nats", await natsByHand(), 100);
}

async function onEngine({ engine, ...workload }: Workload): Promise<Line> {
  const log = LOGS[engine].create();
  const bus = await openLog(engine, log.name, { retention: RETENTION });
  try {
    return await measure(bus, engine, workload);
  } finally {
    await bus.close();
    await log.remove();
  }
}

async function measure(bus: AnyBus, where: string, workload: Omit<Workload, "engine">): Promise<Line> {
  const { producers, sends, target } = workload;
  await bus.sendone("lobby", { from: -1, n: 0 });
  let keys = 0;
  return compare({
    id: "C1",
    workload: `${producers} awaiting producer${producers === 1 ? "" : "s"}, a key each send, ${where}`,
    beside: "the same without keys",
    ours: () => sending(bus, workload, () => ({ key: `order-${keys++}` })),
    rival: () => sending(bus, workload, () => ({})),
    target,
    count: producers * sends,
    of: "send",
  });
}

/** A send without a key, and the key kept by hand: the newest 100,000 in a Map, each with the hash of its message. */
async function atLeast(bus: AnyBus, workload: Pick<Workload, "producers" | "sends">): Promise<Line> {
  const { producers, sends } = workload;
  const known = new Map<string, string>();
  const order: string[] = [];
  let keys = 0;
  const remember = (message: unknown): void => {
    const [key, place] = [`order-${keys++}`, keys % MOST_KEYS];
    if (known.has(key)) throw new Error("no key comes twice");
    known.set(key, hash("sha256", JSON.stringify(message), "base64"));
    if (order[place] !== undefined) known.delete(order[place]);
    order[place] = key;
  };
  return compare({
    id: "C1",
    workload: "floor: a Map of the newest 100,000 keys by hand, each with the hash of its message",
    beside: "the same without keys",
    ours: () => sending(bus, workload, () => ({}), remember),
    rival: () => sending(bus, workload, () => ({})),
    target: undefined,
    count: producers * sends,
    of: "send",
  });
}

/** One producer without a bus. Each send also writes its key, in the transaction of its own row where there is one. */
function atLeastOn(engine: LogEngine, log: LogByHand, sends: number): Promise<Line> {
  const workload = `1 awaiting producer by hand, ${KEPT_BY[engine]} each send, ${engine}`;
  return byHand(log, { workload, count: sends, sending: (hasKeys) => log.sending(sends, hasKeys) });
}

/** Transactions of 64 sends in SQLite without a bus, as 64 producers make them. */
function atLeastTogether(): Promise<Line> {
  const log = sqliteByHand();
  const workload = `15 transactions of 64 sends by hand, ${KEPT_BY.sqlite} each send, sqlite`;
  return byHand(log, { workload, count: 15 * 64, sending: (hasKeys) => log.grouped(15, 64, hasKeys) });
}

interface ByHand {
  readonly workload: string;
  readonly count: number;
  readonly sending: (hasKeys: boolean) => Ready<number>;
}

async function byHand(log: LogByHand, { workload, count, sending }: ByHand): Promise<Line> {
  try {
    return await compare({
      id: "C1",
      workload: `floor: ${workload}`,
      beside: "the same by hand without keys",
      ours: () => sending(true),
      rival: () => sending(false),
      target: undefined,
      count,
      of: "send",
    });
  } finally {
    await log.close();
  }
}

function sending(
  bus: AnyBus,
  { producers, sends }: Pick<Workload, "producers" | "sends">,
  options: () => { readonly key?: string },
  before: (message: unknown) => void = () => {},
): Ready<Sent> {
  const go = () =>
    produce(producers, sends, (message) => {
      before(message);
      return bus.sendone("lobby", message, options());
    });
  return {
    warm: go,
    go,
    async result() {
      const batch = await bus.recent(["lobby"], producers * sends);
      return inOrder(batch.map(({ message }) => message as Sent[number])); // as sent here
    },
  };
}
