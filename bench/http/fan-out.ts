import { deepStrictEqual } from "node:assert";
import type { ChildProcess } from "node:child_process";
import { asked, said, start } from "./processes.ts";

/** The servers of streams there are: the bus, one by hand, better-sse. */
export type StreamKind = "nightbus" | "hand" | "better-sse";

/** What a server can be asked; `parked` and `last` where polls are held. */
export type Task =
  | { readonly do: "cpu" }
  | { readonly do: "heap" }
  | { readonly do: "send"; readonly count: number }
  | { readonly do: "parked" }
  | { readonly do: "last" }
  | { readonly do: "latency"; readonly count: number };

/** What the clients can be asked; `poll` of those alone who do not stream. */
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

/** How a server is measured with a crowd of clients. `round` counts from 0 to `ROUNDS`, after -1 that warms up. */
export type Measure = (server: Server, clients: (crowd: Crowd) => Promise<number>, round: number) => Promise<number>;

/** Servers of several kinds, and the clients of all. */
export interface Alternation {
  readonly server: string;
  readonly client: string;
  readonly kinds: readonly string[];
  readonly measure: Measure;
}

export const ROUNDS = 13;
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
  const children: ChildProcess[] = [];
  const begin = (module: string, core: number, ...args: string[]): ChildProcess => {
    const child = start(module, core, args);
    children.push(child);
    return child;
  };
  const serve = async (kind: string): Promise<Server> => {
    const child = begin(server, SERVER_CORE, kind);
    const port = (await said(child)) as number; // the first thing that a server says
    return { port, ask: async (task) => (await asked(child, task)) as number }; // all a server ever answers
  };
  try {
    const crowd = begin(client, CLIENT_CORE);
    const clients = async (task: Crowd): Promise<number> => (await asked(crowd, task)) as number; // as above
    const figures = kinds.map((): number[] => []);
    const servers: Server[] = [];
    for (const kind of kinds) servers.push(await serve(kind));
    for (let round = -1; round < ROUNDS; round += 1) {
      const order = [...servers.entries()];
      if (round % 2 === 1) order.reverse();
      for (const [index, one] of order) {
        const figure = await measure(one, clients, round);
        if (round >= 0) figures[index]!.push(figure); // the first warms up
      }
    }
    return figures;
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
