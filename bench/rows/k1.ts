import type { AnyBus } from "../built.ts";
import type { ByHand } from "../engines/by-hand.ts";
import { LOGS, nameOfOwn, openLog } from "../engines/logs.ts";
import { natsByHand } from "../engines/nats-by-hand.ts";
import { natsFloor } from "../engines/nats-floor.ts";
import { inOrder, produce, type Sent } from "../engines/producers.ts";
import { redisByHand } from "../engines/redis-by-hand.ts";
import { type Comparison, compare, type Line, MANY_PAIRS, type Ready } from "../harness.ts";

const PRODUCERS = 64;
const SENDS = 40;
const ALL = PRODUCERS * SENDS;

/** Producers that await each of their sends, and a reader, beside the engine's bare client with the same batches. */
export async function* lines(): AsyncGenerator<Line> {
  yield await measure("redis", redisByHand, 0.8);
  yield await measure("nats", natsByHand, 0.75);
  yield await natsAtLeast();
}

async function measure(
  engine: "redis" | "nats",
  create: (name: string) => Promise<ByHand>,
  atLeast: number,
): Promise<Line> {
  const log = LOGS[engine].create();
  // Its rival trims nothing either.
  const bus = await openLog(engine, log.name, { retention: { count: 1_500_000, total: 1_500_000 } });
  const byHand = await create(`${log.name}-by-hand`);
  try {
    await bus.sendone("lobby", { from: -1, n: 0 });
    const workload = `${PRODUCERS} awaiting producers and a reader, ${engine}`;
    return await beside(byHand, { workload, ours: () => onBus(bus), target: { atLeast } });
  } finally {
    await byHand.close();
    await bus.close();
    await log.remove();
  }
}

async function natsAtLeast(): Promise<Line> {
  const name = nameOfOwn();
  const floor = await natsFloor(name);
  const byHand = await natsByHand(`${name}-by-hand`);
  try {
    const workload = "floor: text, place and id of each message by hand, kept and told to an emitter, nats";
    return await beside(byHand, { workload, ours: () => onClient(floor), target: undefined });
  } finally {
    await byHand.close();
    await floor.close();
  }
}

function beside(byHand: ByHand, compared: Pick<Comparison<Sent>, "workload" | "ours" | "target">): Promise<Line> {
  return compare({
    ...compared,
    id: "K1",
    beside: "the bare client with the same batches",
    rival: () => onClient(byHand),
    isSpeed: true,
    pairs: MANY_PAIRS,
    count: ALL,
    of: "notification",
  });
}

function onBus(bus: AnyBus): Ready<Sent> {
  const seen: Sent[number][] = [];
  const listener = ({ message }: { readonly message: unknown }): void => void seen.push(message as Sent[number]); // as sent here
  bus.on("notification", listener);
  // A send resolves when this process has seen it.
  const go = (): Promise<void> => produce(PRODUCERS, SENDS, (message) => bus.sendone("lobby", message));
  return {
    async warm() {
      await go();
      seen.length = 0;
    },
    go,
    result() {
      bus.off("notification", listener);
      return inOrder(seen);
    },
  };
}

function onClient({ send, onSeen }: ByHand): Ready<Sent> {
  const seen: Sent[number][] = [];
  let seenAll = (): void => {};
  onSeen((message) => {
    if (seen.push(message) === ALL) seenAll();
  });
  const go = (): Promise<unknown> => {
    const all = new Promise<void>((resolve) => {
      seenAll = resolve;
    });
    return Promise.all([produce(PRODUCERS, SENDS, send), all]);
  };
  return {
    async warm() {
      await go();
      seen.length = 0;
    },
    go,
    result: () => inOrder(seen),
  };
}
