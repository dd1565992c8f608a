import { EventEmitter, once } from "node:events";
import { createPubSub } from "@graphql-yoga/subscription";
import { type AnyBus, Bus } from "../built.ts";
import { compare, type Line, type Ready } from "../harness.ts";

const ROUND_TRIPS = 5_000;
/** What a bus keeps of a channel, and how long a poll waits, in ms, unless they are told otherwise. */
const KEPT = 1_000;
const TIMEOUT = 50_000;

type Ball = { readonly n: number };

/** Two players who send each other one notification at a time, beside two with JSON there and back. */
export async function* lines(): AsyncGenerator<Line> {
  // One bus, on which somebody waits all the while, as in an application: what is compiled for polls is thrown away with the last.
  const bus = new Bus();
  const waiting = bus.poll(["another"], 0, Number.POSITIVE_INFINITY);
  const floor = "floor: by hand, with the answers, order, retention and deadlines of a bus";
  for (const [beside, rival, atMost] of [
    ["events.once, with JSON", overEvents, 1],
    ["graphql-yoga's pubsub, with JSON", overPubSub, 0.3],
  ] as const) {
    const common = { id: "P3", beside, rival, count: ROUND_TRIPS, of: "round trip" };
    yield await compare({
      ...common,
      workload: "ping-pong over one poll",
      ours: () => playOver(bus),
      target: { atMost },
    });
    yield await compare({ ...common, workload: floor, ours: byHand, target: undefined });
  }
  await bus.close();
  await waiting;
}

type Balls = readonly { readonly message: Ball }[];

interface HandSend {
  readonly channel: string;
  readonly json: string;
  readonly done: (id: number) => void;
}

interface HandPoll {
  readonly deadline: number;
  readonly resolve: (balls: Balls) => void;
}

/**
 * The least that the promises of a bus take: the sends of a tick are committed together by a store that answers with a promise and
 * keeps the newest of each channel; then those who wait, and may time out, get the array that a poll answers; then the sends resolve.
 */
function byHand(): Ready<number> {
  const kept: Record<string, unknown[]> = { ping: [], pong: [] };
  const waiting = new Map<string, HandPoll>();
  const deadlines = new Set<HandPoll>();
  let queue: HandSend[] = [];
  let last = 0;
  async function append(sends: readonly HandSend[]): Promise<readonly number[]> {
    const at = Date.now();
    return sends.map(({ channel, json }) => {
      const rows = kept[channel]!;
      if (rows.push({ id: ++last, json, at }) > KEPT) rows.shift();
      return last;
    });
  }
  async function commit(): Promise<void> {
    const sends = queue;
    queue = [];
    const ids = await append(sends);
    await null; // what is committed in one tick wakes together
    for (const [index, { channel, json, done }] of sends.entries()) {
      const poll = waiting.get(channel);
      waiting.delete(channel);
      if (poll !== undefined) {
        deadlines.delete(poll);
        poll.resolve(answerOf(ids[index]!, channel, json));
      }
      done(ids[index]!);
    }
  }
  function send(channel: string, ball: Ball): Promise<number> {
    return new Promise((done) => {
      if (queue.push({ channel, json: JSON.stringify(ball), done }) === 1) void Promise.resolve().then(commit);
    });
  }
  function receive(channel: string): Promise<Balls> {
    return new Promise((resolve) => {
      const poll = { deadline: performance.now() + TIMEOUT, resolve };
      waiting.set(channel, poll);
      deadlines.add(poll);
    });
  }
  let sum = 0;
  async function answer(): Promise<void> {
    for (let n = 0; n < ROUND_TRIPS; n += 1) {
      const pings = await receive("ping");
      await send("pong", { n: pings[0]!.message.n + 1 });
    }
  }
  async function serve(): Promise<void> {
    for (let n = 0; n < ROUND_TRIPS; n += 1) {
      while (!waiting.has("ping")) await null; // as in overEvents
      const pong = receive("pong");
      await send("ping", { n });
      sum += (await pong)[0]!.message.n;
    }
  }
  return { go: () => Promise.all([answer(), serve()]), result: () => sum };
}

function answerOf(id: number, channel: string, json: string): Balls {
  const balls = [{ id, channel, message: JSON.parse(json) as Ball }]; // as sent
  Object.defineProperty(balls, "last", { value: id });
  return Object.defineProperty(balls, "missed", { value: false });
}

async function playOver(bus: AnyBus): Promise<Ready<number>> {
  await bus.ready();
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
