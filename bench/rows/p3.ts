import { EventEmitter, once } from "node:events";
import { createPubSub } from "@graphql-yoga/subscription";
import { Bus } from "../built.ts";
import { compare, type Line, type Ready } from "../harness.ts";

const ROUND_TRIPS = 1_000;

type Ball = { readonly n: number };

/** Two players who send each other one notification at a time, beside two with JSON there and back. */
export async function* lines(): AsyncGenerator<Line> {
  yield await compare({
    id: "P3",
    workload: "ping-pong over one poll",
    beside: "events.once, with JSON",
    ours: overPolls,
    rival: overEvents,
    target: { atMost: 1 },
    count: ROUND_TRIPS,
    of: "round trip",
  });
  yield await compare({
    id: "P3",
    workload: "ping-pong over one poll",
    beside: "graphql-yoga's pubsub, with JSON",
    ours: overPolls,
    rival: overPubSub,
    target: { atMost: 0.3 },
    count: ROUND_TRIPS,
    of: "round trip",
  });
  yield await compare({
    id: "P3",
    workload: "floor: bare promises that commit the sends of a tick together, and wake after the commit",
    beside: "events.once, with JSON",
    ours: overPromises,
    rival: overEvents,
    target: undefined,
    count: ROUND_TRIPS,
    of: "round trip",
  });
}

/** What any bus has to do that gathers a tick's sends, resolves each when it is committed, and answers who waits after that. */
function overPromises(): Ready<number> {
  const rows: { readonly channel: string; readonly json: string }[] = [];
  const waiting = new Map<string, (json: string) => void>();
  let queue: { readonly channel: string; readonly json: string; readonly done: (id: number) => void }[] = [];
  async function commit(): Promise<void> {
    const sends = queue;
    queue = [];
    await null; // a store answers by a promise
    for (const { channel, json } of sends) rows.push({ channel, json });
    await null; // what was committed in one tick wakes together
    for (const { channel, json, done } of sends) {
      waiting.get(channel)?.(json);
      waiting.delete(channel);
      done(rows.length);
    }
  }
  function send(channel: string, ball: Ball): Promise<number> {
    return new Promise((done) => {
      if (queue.push({ channel, json: JSON.stringify(ball), done }) === 1) void Promise.resolve().then(commit);
    });
  }
  const receive = async (channel: string): Promise<Ball> =>
    JSON.parse(await new Promise<string>((resolve) => waiting.set(channel, resolve))) as Ball; // as sent
  let sum = 0;
  async function answer(): Promise<void> {
    for (let n = 0; n < ROUND_TRIPS; n += 1) {
      const ping = receive("ping");
      await send("pong", { n: (await ping).n + 1 });
    }
  }
  async function serve(): Promise<void> {
    for (let n = 0; n < ROUND_TRIPS; n += 1) {
      while (!waiting.has("ping")) await null;
      const pong = receive("pong");
      await send("ping", { n });
      sum += (await pong).n;
    }
  }
  return { go: () => Promise.all([answer(), serve()]), result: () => sum };
}

async function overPolls(): Promise<Ready<number>> {
  const bus = new Bus<{ ping: Ball; pong: Ball }>();
  await bus.ready();
  let sum = 0;
  async function answer(): Promise<void> {
    let { last } = bus;
    for (let n = 0; n < ROUND_TRIPS; n += 1) {
      const pings = await bus.poll(["ping"], last);
      last = pings.last;
      await bus.sendone("pong", { n: pings[0]!.message.n + 1 });
    }
  }
  async function serve(): Promise<void> {
    let { last } = bus;
    for (let n = 0; n < ROUND_TRIPS; n += 1) {
      const pong = bus.poll(["pong"], last);
      await bus.sendone("ping", { n });
      const pongs = await pong;
      last = pongs.last;
      sum += pongs[0]!.message.n;
    }
  }
  return {
    go: () => Promise.all([answer(), serve()]),
    async result() {
      await bus.close();
      return sum;
    },
  };
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
