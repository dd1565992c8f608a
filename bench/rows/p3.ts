import { EventEmitter, once } from "node:events";
import { createPubSub } from "@graphql-yoga/subscription";
import { Bus } from "../built.ts";
import { HandBus } from "../hand-bus.ts";
import { compare, type Line, type Ready } from "../harness.ts";

const ROUND_TRIPS = 20_000;

type Ball = { readonly n: number };

/** Two players who send each other one notification at a time, beside two with JSON there and back. */
export async function* lines(): AsyncGenerator<Line> {
  // One bus, on which somebody waits all the time, as in an application. The last poll would take its compiled code with it.
  const bus = new Bus();
  const waiting = bus.poll(["another"], 0, Number.POSITIVE_INFINITY);
  const hand = new HandBus();
  void hand.poll(["another"], 0);
  await bus.ready();
  const floor = "floor: by hand, with the answers, cursors, order, retention and deadlines of a bus";
  for (const [beside, rival, atMost] of [
    ["events.once, with JSON", overEvents, 1.3],
    ["graphql-yoga's pubsub, with JSON", overPubSub, 0.55],
  ] as const) {
    const common = { id: "P3", beside, rival, count: ROUND_TRIPS, of: "round trip" };
    yield await compare({
      ...common,
      workload: "ping-pong over one poll",
      ours: () => playOver(bus),
      target: { atMost },
    });
    yield await compare({ ...common, workload: floor, ours: () => playOver(hand), target: undefined });
  }
  await bus.close();
  await waiting;
}

/** The part of a bus that the players need. */
interface Table {
  readonly last: number;
  poll(channels: readonly [string], last: number): Promise<readonly { readonly message: unknown }[] & { last: number }>;
  sendone(channel: string, message: Ball): Promise<number>;
}

function playOver(bus: Table): Ready<number> {
  let sum = 0;
  async function answer(): Promise<void> {
    let { last } = bus;
    for (let n = 0; n < ROUND_TRIPS; n += 1) {
      const pings = await bus.poll(["ping"], last);
      last = pings.last;
      await bus.sendone("pong", { n: (pings[0]!.message as Ball).n + 1 });
    }
  }
  async function serve(): Promise<void> {
    let { last } = bus;
    for (let n = 0; n < ROUND_TRIPS; n += 1) {
      const pong = bus.poll(["pong"], last);
      await bus.sendone("ping", { n });
      const pongs = await pong;
      last = pongs.last;
      sum += (pongs[0]!.message as Ball).n;
    }
  }
  return { go: () => Promise.all([answer(), serve()]), result: () => sum };
}

function overEvents(): Ready<number> {
  const emitter = new EventEmitter();
  let sum = 0;
  const send = (name: string, ball: Ball): boolean => emitter.emit(name, JSON.stringify(ball));
  async function receive(name: string): Promise<Ball> {
    const [json] = await once(emitter, name);
    return JSON.parse(json);
  }
  async function answer(): Promise<void> {
    for (let n = 0; n < ROUND_TRIPS; n += 1) {
      const ping = await receive("ping");
      send("pong", { n: ping.n + 1 });
    }
  }
  async function serve(): Promise<void> {
    for (let n = 0; n < ROUND_TRIPS; n += 1) {
      // The other player has to wait already, since an event is not retained.
      while (emitter.listenerCount("ping") === 0) await null;
      const pong = receive("pong");
      send("ping", { n });
      sum += (await pong).n;
    }
  }
  return { go: () => Promise.all([answer(), serve()]), result: () => sum };
}

function overPubSub(): Ready<number> {
  const pubSub = createPubSub<{ ping: [string]; pong: [string] }>();
  const send = (name: "ping" | "pong", ball: Ball): void => pubSub.publish(name, JSON.stringify(ball));
  const [pings, pongs] = [pubSub.subscribe("ping"), pubSub.subscribe("pong")];
  const receive = async (balls: typeof pings): Promise<Ball> =>
    JSON.parse((await balls.next()).value as string) as Ball; // as sent
  let sum = 0;
  async function answer(): Promise<void> {
    for (let n = 0; n < ROUND_TRIPS; n += 1) send("pong", { n: (await receive(pings)).n + 1 });
  }
  async function serve(): Promise<void> {
    for (let n = 0; n < ROUND_TRIPS; n += 1) {
      const pong = receive(pongs);
      send("ping", { n });
      sum += (await pong).n;
    }
  }
  return {
    go: () => Promise.all([answer(), serve()]),
    async result() {
      await Promise.all([pings.return(), pongs.return()]);
      return sum;
    },
  };
}
