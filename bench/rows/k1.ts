import type { AnyBus } from "../built.ts";
import type { ByHand } from "../engines/by-hand.ts";
import { LOGS, nameOfOwn } from "../engines/logs.ts";
import { natsByHand } from "../engines/nats-by-hand.ts";
import { natsFloor } from "../engines/nats-floor.ts";
import { inOrder, produce, type Sent } from "../engines/producers.ts";
import { redisByHand } from "../engines/redis-by-hand.ts";
import { compare, type Line, type Ready } from "../harness.ts";

const PRODUCERS = 64;
const SENDS = 40;
const ALL = PRODUCERS * SENDS;
/** Twice as many as elsewhere, since the engine's process shares the machine. */
const PAIRS = 61;

/** Producers that await each of their sends, and a reader, beside the engine's bare client with the same batches. */
export async function* lines(): AsyncGenerator<Line> {
  yield await measure("redis", redisByHand);
  yield await measure("nats", natsByHand);
  yield await natsAtLeast();
}

async function measure(engine: "redis" | "nats", create: (name: string) => Promise<ByHand>): Promise<Line> {
  const log = LOGS[engine].create();
  // Its rival trims nothing either.
  const bus = await LOGS[engine].open(log.name, { retention: { count: 1_500_000, total: 1_500_000 } });
  const byHand = await create(`${log.name}-by-hand`);
  try {
    await bus.sendone("lobby", { from: -1, n: 0 });
    return await compare({
      id: "K1",
      workload: `${PRODUCERS} awaiting producers and a reader, ${engine}`,
      beside: "the bare client with the same batches",
      ours: () => onBus(bus),
      rival: () => onClient(byHand),
      target: { atLeast: 0.8 },
      pairs: PAIRS,
      count: ALL,
      of: "notification",
    });
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
    return await compare({
      id: "K1",
      workload: "floor: text, place and id of each message by hand, kept and told to an emitter, nats",
      beside: "the bare client with the same batches",
      ours: () => onClient(floor),
      rival: () => onClient(byHand),
      target: undefined,
      isSpeed: true,
      pairs: PAIRS,
      count: ALL,
      of: "notification",
    });
  } finally {
    await byHand.close();
    await floor.close();
  }
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
