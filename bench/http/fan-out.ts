import { deepStrictEqual } from "node:assert";
import type { ChildProcess } from "node:child_process";
import { asked, said, start } from "./processes.ts";

/** The servers of streams there are: the bus, one by hand, better-sse. */
export type StreamKind = "nightbus" | "hand" | "better-sse";

/** The questions to a server; `parked` and `last` only where it holds polls. */
export type Task =
  | { readonly do: "cpu" }
  | { readonly do: "heap" }
  | { readonly do: "send"; readonly count: number }
  | { readonly do: "parked" }
  | { readonly do: "last" }
  | { readonly do: "latency"; readonly count: number };

/** The questions to the clients; `poll` only to clients that do not stream. */
export type Crowd =
  | { readonly do: "open"; readonly port: number; readonly count: number; readonly last?: number }
  | { readonly do: "wait"; readonly count: number }
  | { readonly do: "poll" }
  | { readonly do: "close" };

/** One figure of each round. */
export interface Rounds {
  readonly ours: readonly number[];
  /** The same server in another process. */
  readonly again: readonly number[];
  readonly hand: readonly number[];
  readonly betterSse: readonly number[];
}

/** A server of streams in a process of its own. */
export interface Server {
  readonly port: number;
  ask(task: Task): Promise<number>;
}

/**
 * The way to measure a server with a crowd of clients. `round` counts from 0 to `ROUNDS - 1`; the warm-up has the
 * number before.
 */
export type Measure = (server: Server, clients: (crowd: Crowd) => Promise<number>, round: number) => Promise<number>;

/** Servers of several kinds, and the clients of all. */
export interface Alternation {
  readonly server: string;
  readonly client: string;
  readonly kinds: readonly string[];
  readonly measure: Measure;
}

/** The number of fresh starts: no two processes compile the same code alike. */
const GENERATIONS = 3;
const ROUNDS_OF_GENERATION = 5;
export const ROUNDS = GENERATIONS * ROUNDS_OF_GENERATION;
const WARM_UP = 2;
const SERVER_CORE = 0;
const CLIENT_CORE = 1;

/** Measures the servers of streams in alternation. */
export async function streamRounds(measure: Measure): Promise<Rounds> {
  const kinds: readonly StreamKind[] = ["nightbus", "hand", "better-sse", "nightbus"];
  const figures = await rounds({ server: "./stream-server.ts", client: "./stream-client.ts", kinds, measure });
  const [ours, hand, betterSse, again] = figures as [number[], number[], number[], number[]]; // as many as kinds
  return { ours, hand, betterSse, again };
}

/** Measures a server of each kind in alternation, the order flipped each round. The figures are in the order of the kinds. */
export async function rounds({ server, client, kinds, measure }: Alternation): Promise<readonly (readonly number[])[]> {
  const crowd = start(client, CLIENT_CORE, []);
  try {
    const clients = async (task: Crowd): Promise<number> => (await asked(crowd, task)) as number; // all a crowd ever answers
    const figures = kinds.map((): number[] => []);
    for (let first = 0; first < ROUNDS; first += ROUNDS_OF_GENERATION) {
      await withServers(server, kinds, async (servers) => {
        for (let round = first - 1; round < first + ROUNDS_OF_GENERATION; round += 1) {
          const order = [...servers.entries()];
          if (round % 2 === 1) order.reverse();
          for (const [index, one] of order) {
            const figure = await measure(one, clients, round);
            if (round >= first) figures[index]!.push(figure); // the first warms up
          }
        }
      });
    }
    return figures;
  } finally {
    if (crowd.connected) crowd.disconnect();
  }
}

/** Starts a server of each kind, and ends them when the work is done. */
async function withServers(
  module: string,
  kinds: readonly string[],
  work: (servers: readonly Server[]) => Promise<void>,
): Promise<void> {
  const children: ChildProcess[] = [];
  const serve = async (kind: string): Promise<Server> => {
    const child = start(module, SERVER_CORE, [kind]);
    children.push(child);
    const port = (await said(child)) as number; // the first thing that a server says
    return { port, ask: async (task) => (await asked(child, task)) as number }; // all a server ever answers
  };
  try {
    const servers: Server[] = [];
    for (const kind of kinds) servers.push(await serve(kind));
    await work(servers);
  } finally {
    for (const child of children) if (child.connected) child.disconnect();
  }
}

/** The server's processor time for each delivery of a fan-out to so many clients, in ms. Throws when one is missing. */
export async function costOfDelivery(
  server: Server,
  clients: (crowd: Crowd) => Promise<number>,
  { connections, messages }: { readonly connections: number; readonly messages: number },
): Promise<number> {
  await clients({ do: "open", port: server.port, count: connections });
  await server.ask({ do: "send", count: WARM_UP });
  await clients({ do: "wait", count: WARM_UP });
  const before = await server.ask({ do: "cpu" });
  await server.ask({ do: "send", count: messages });
  const came = await clients({ do: "wait", count: messages });
  const after = await server.ask({ do: "cpu" });
  await clients({ do: "close" });
  deepStrictEqual(came, connections * messages, "not everybody got everything once");
  return (after - before) / came;
}

/** The server's heap for each of so many streams, in bytes. */
export async function heapOfStream(
  server: Server,
  clients: (crowd: Crowd) => Promise<number>,
  connections: number,
): Promise<number> {
  const before = await server.ask({ do: "heap" });
  await clients({ do: "open", port: server.port, count: connections });
  const after = await server.ask({ do: "heap" });
  await clients({ do: "close" });
  return (after - before) / connections;
}
