import { deepStrictEqual } from "node:assert";
import type { ChildProcess } from "node:child_process";
import { quantile } from "../numbers.ts";
import type { Load, Loaded } from "./load.ts";
import { asked, said, start } from "./processes.ts";

/** The servers there are: the bus, a bare `node:http`, one that may also wait and refuse, Express alone. */
export type Kind = "nightbus" | "bare" | "floor" | "express";

/** The first message of a server that listens. */
export interface Listening {
  readonly port: number;
  /** A cursor before all that its bus retains. */
  readonly last: number;
}

/** The requests of each round, for one second of the server's processor time. Other processes may take turns on its core. */
export interface Speeds {
  readonly ours: readonly number[];
  /** The same server in another process. */
  readonly again: readonly number[];
  readonly bare: readonly number[];
  readonly floor: readonly number[];
  readonly express: readonly number[];
}

interface Server {
  readonly child: ChildProcess;
  readonly listening: Listening;
}

const ROUNDS = 7;
const ROUND_MS = 1_000;
const CONNECTIONS = 32;
const SERVER_CORE = 0;
const CLIENT_CORE = 1;

/**
 * Loads the servers in alternation, a second each, the order flipped each round, the client in a process on another core.
 * Throws when their answers are not equal.
 */
export async function speeds(): Promise<Speeds> {
  const children: ChildProcess[] = [];
  const begin = (module: string, core: number, ...args: string[]): ChildProcess => {
    const child = start(module, core, args);
    children.push(child);
    return child;
  };
  const serve = async (kind: Kind, answer: string): Promise<Server> => {
    const child = begin("./server.ts", SERVER_CORE, kind, answer);
    return { child, listening: (await said(child)) as Listening }; // the first thing that a server says
  };
  try {
    const client = begin("./load.ts", CLIENT_CORE);
    const ours = await serve("nightbus", "");
    const load = async ({ listening: { port } }: Server): Promise<Loaded> =>
      (await asked(client, {
        port,
        request: pollFrom(ours.listening.last - 1),
        connections: CONNECTIONS,
        ms: ROUND_MS,
      } satisfies Load)) as Loaded; // all the client ever answers
    const { body } = await load(ours); // warms up as well
    const servers = [ours];
    for (const kind of ["bare", "floor", "express"] as const) servers.push(await serve(kind, body));
    servers.push(await serve("nightbus", ""));
    for (const server of servers.slice(1)) await load(server);
    const [first, bare, floor, express, again] = await rounds(servers, load);
    return { ours: first!, bare: bare!, floor: floor!, express: express!, again: again! }; // as many as servers
  } finally {
    for (const child of children) if (child.connected) child.disconnect();
  }
}

/** The speeds of each server, in the order of the servers. */
async function rounds(
  servers: readonly Server[],
  load: (server: Server) => Promise<Loaded>,
): Promise<readonly (readonly number[])[]> {
  const speeds = servers.map((): number[] => []);
  for (let round = 0; round < ROUNDS; round += 1) {
    const order = [...servers.entries()];
    if (round % 2 === 1) order.reverse();
    const bodies = new Set<string>();
    for (const [index, server] of order) {
      const before = await processorTime(server);
      const { requests, body } = await load(server);
      speeds[index]!.push((requests / ((await processorTime(server)) - before)) * 1_000);
      bodies.add(body);
    }
    deepStrictEqual(bodies.size, 1, `H1: the answers are not equal: ${[...bodies].join(" / ")}`);
  }
  return speeds;
}

async function processorTime({ child }: Server): Promise<number> {
  return (await asked(child, "processor time")) as number; // all a server ever answers
}

function pollFrom(last: number): string {
  const body = JSON.stringify({ channels: ["lobby"], last });
  const head = [
    "POST /poll HTTP/1.1",
    "Host: 127.0.0.1",
    "Content-Type: application/json",
    `Content-Length: ${body.length}`,
  ];
  return `${head.join("\r\n")}\r\n\r\n${body}`;
}

/** The median of the ratios of two servers, round by round, with their 10th and 90th percentile. */
export function ratioOf(ours: readonly number[], theirs: readonly number[]): readonly [number, number, number] {
  const ratios = ours.map((speed, round) => speed / theirs[round]!);
  return [quantile(ratios, 0.1), quantile(ratios, 0.5), quantile(ratios, 0.9)];
}
