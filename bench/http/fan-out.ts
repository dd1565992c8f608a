import { deepStrictEqual } from "node:assert";
import type { ChildProcess } from "node:child_process";
import { once } from "node:events";
import { asked, said, start } from "./processes.ts";

/** The servers of streams there are: the bus, one by hand, one by hand that frames each chunk once, better-sse. */
export type StreamKind = "nightbus" | "hand" | "chunk" | "better-sse";

/** The questions to a server; `parked` and `last` only where it holds polls. */
export type Task =
  | { readonly do: "cpu" }
  | { readonly do: "heap" }
  | { readonly do: "resident" }
  | { readonly do: "send"; readonly count: number }
  | { readonly do: "parked" }
  | { readonly do: "last" }
  | { readonly do: "latency"; readonly count: number };

/** The questions to the clients; `poll` only to clients that do not stream, `leave` and `resume` only to those of rivals. */
export type Crowd =
  | {
      readonly do: "open";
      readonly kind: string;
      readonly port: number;
      readonly count: number;
      readonly last?: number;
    }
  | { readonly do: "wait"; readonly count: number }
  | { readonly do: "poll" }
  | { readonly do: "leave" }
  | { readonly do: "resume" }
  | { readonly do: "close" };

/** One figure of each round. */
export interface Rounds {
  readonly ours: readonly number[];
  /** The same server in another process. */
  readonly again: readonly number[];
  readonly hand: readonly number[];
  /** By hand as well. A chunk is framed once, and written to the sockets. */
  readonly chunk: readonly number[];
  readonly betterSse: readonly number[];
}

/** A server of streams in a process of its own. */
export interface Server {
  readonly kind: string;
  readonly port: number;
  ask(task: Task): Promise<number>;
}

/**
 * The way to measure a server with a crowd of clients. `round` counts from 0 to `ROUNDS - 1`; the warm-up has the
 * number before. Servers that are always fresh have a round for each start.
 */
export type Measure<F = number> = (server: Server, clients: Clients, round: number) => Promise<F>;

/** Gives the clients a job. Resolves with their answer. */
export type Clients = (crowd: Crowd) => Promise<number>;

/** Servers of several kinds, and the clients of all. */
export interface Alternation<F = number> {
  /** The module of the servers, or that of each kind. */
  readonly server: string | ((kind: string) => string);
  readonly client: string;
  readonly kinds: readonly string[];
  readonly measure: Measure<F>;
  /** The rounds of fresh servers alone, each one that nobody has used. Default: fewer starts, and rounds that warm up. */
  readonly starts?: number;
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
  const kinds: readonly StreamKind[] = ["nightbus", "hand", "chunk", "better-sse", "nightbus"];
  const figures = await rounds({ server: "./stream-server.ts", client: "./stream-client.ts", kinds, measure });
  const [ours, hand, chunk, betterSse, again] = figures as [number[], number[], number[], number[], number[]]; // as many as kinds
  return { ours, hand, chunk, betterSse, again };
}

/** Measures a server of each kind in alternation, the order flipped each round. The figures are in the order of the kinds. */
export async function rounds<F>({
  server,
  client,
  kinds,
  measure,
  starts,
}: Alternation<F>): Promise<readonly (readonly F[])[]> {
  const crowd = start(client, CLIENT_CORE, []);
  try {
    const clients: Clients = async (task) => (await asked(crowd, task)) as number; // all a crowd ever answers
    const figures = kinds.map((): F[] => []);
    const [all, each, warmUps] = starts === undefined ? [ROUNDS, ROUNDS_OF_GENERATION, 1] : [starts, 1, 0];
    for (let first = 0; first < all; first += each) {
      await withServers(server, kinds, async (servers) => {
        for (let round = first - warmUps; round < first + each; round += 1) {
          const order = [...servers.entries()];
          if (round % 2 === 1) order.reverse();
          for (const [index, one] of order) {
            const figure = await measure(one, clients, round);
            if (round >= first) figures[index]!.push(figure);
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
  module: Alternation["server"],
  kinds: readonly string[],
  work: (servers: readonly Server[]) => Promise<void>,
): Promise<void> {
  const children: ChildProcess[] = [];
  const serve = async (kind: string): Promise<Server> => {
    const child = start(typeof module === "string" ? module : module(kind), SERVER_CORE, [kind]);
    children.push(child);
    const port = (await said(child)) as number; // the first thing that a server says
    return { kind, port, ask: async (task) => (await asked(child, task)) as number }; // all a server ever answers
  };
  try {
    const servers: Server[] = [];
    for (const kind of kinds) servers.push(await serve(kind));
    await work(servers);
  } finally {
    const ended = children.map((child) => (child.connected ? once(child, "exit") : undefined));
    for (const child of children) if (child.connected) child.disconnect();
    await Promise.all(ended); // a server may end programs of its own first
  }
}

/** The server's processor time for each delivery of a fan-out to so many clients, in ms. Throws when one is missing. */
export async function costOfDelivery(
  server: Server,
  clients: Clients,
  { connections, messages }: { readonly connections: number; readonly messages: number },
): Promise<number> {
  await clients({ do: "open", kind: server.kind, port: server.port, count: connections });
  await server.ask({ do: "send", count: WARM_UP });
  await clients({ do: "wait", count: WARM_UP });
  const before = await server.ask({ do: "cpu" });
  await server.ask({ do: "send", count: messages });
  const came = await clients({ do: "wait", count: messages });
  const after = await server.ask({ do: "cpu" });
  const later = await clients({ do: "close" });
  deepStrictEqual([came, later], [connections * messages, 0], "not everybody got everything once");
  return (after - before) / came;
}

/** The server's heap for each of so many streams, in bytes. */
export async function heapOfStream(server: Server, clients: Clients, connections: number): Promise<number> {
  const before = await server.ask({ do: "heap" });
  await clients({ do: "open", kind: server.kind, port: server.port, count: connections });
  const after = await server.ask({ do: "heap" });
  await clients({ do: "close" });
  return (after - before) / connections;
}

/** The resident memory of a server for each of so many streams, in bytes. Only a fresh server shows all of the growth. */
export async function residentOfStream(server: Server, clients: Clients, connections: number): Promise<number> {
  const before = await server.ask({ do: "resident" });
  await clients({ do: "open", kind: server.kind, port: server.port, count: connections });
  const after = await server.ask({ do: "resident" });
  await clients({ do: "close" });
  return (after - before) / connections;
}
