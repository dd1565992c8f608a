import type { AnyBus } from "../built.ts";
import type { ByHand } from "../engines/by-hand.ts";
import { gathering } from "../engines/gathering.ts";
import { LOGS } from "../engines/logs.ts";
import { natsByHand } from "../engines/nats-by-hand.ts";
import { inOrder, produce, type Sent } from "../engines/producers.ts";
import { redisByHand } from "../engines/redis-by-hand.ts";
import { compare, type Line, type Ready } from "../harness.ts";

const PRODUCERS = 64;
const SENDS = 40;
const ALL = PRODUCERS * SENDS;

/** Producers that await each of their sends, and a reader, beside the engine's bare client with the same batches. */
export async function* lines(): AsyncGenerator<Line> {
  yield await measure("redis", redisByHand);
  yield await measure("nats", natsByHand);
}

async function measure(engine: "redis" | "nats", create: (name: string) => Promise<ByHand>): Promise<Line> {
  const log = LOGS[engine].create();
  // Its rival trims nothing either.
  const bus = await LOGS[engine].open(log.name, { retention: { count: 1_000_000, total: 1_000_000 } });
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
      count: ALL,
      of: "notification",
    });
  } finally {
    await byHand.close();
    await bus.close();
    await log.remove();
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

function onClient({ write, onSeen }: ByHand): Ready<Sent> {
  const seen: Sent[number][] = [];
  let seenAll = (): void => {};
  onSeen((message) => {
    if (seen.push(message) === ALL) seenAll();
  });
  const go = (): Promise<unknown> => {
    const all = new Promise<void>((resolve) => {
      seenAll = resolve;
    });
    return Promise.all([produce(PRODUCERS, SENDS, gathering(write)), all]);
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
