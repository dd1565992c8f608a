import { type ChildProcess, spawn, spawnSync } from "node:child_process";
import { writeFileSync } from "node:fs";
import { get } from "node:http";
import { fileURLToPath } from "node:url";
import { parseArgs } from "node:util";
import { asked, said } from "../http/processes.ts";
import { machine } from "../report.ts";
import type { Order } from "./clients.ts";
import type { Kind, Scale } from "./scales.ts";
import type { Held, Task, Woken } from "./server.ts";

// `npm run bench:scale` holds crowds of up to 100,000 connections on one process, and wakes all of them. A machine whose limit of
// open files is lower holds as many as it allows.
// `npm run bench:scale -- --json FILE 1000 10000` measures these numbers of connections, and writes the figures.
// The run fails unless each connection gets each notification once.

/** The files that one process may open, at most: the system's limit, or enough. */
const FILES = Math.min(110_000, Number(String(spawnSync("sh", ["-c", "ulimit -Hn"]).stdout)) || 110_000); // "unlimited" is no number
/** The files of a process that are no connections of the crowd. */
const OTHERS = 500;
/** The connections of one process of clients: one address has so many ports. */
const SHARE = Math.min(25_000, FILES - OTHERS);
const WAKES = 5;

const { values, positionals } = parseArgs({ options: { json: { type: "string" } }, allowPositionals: true });
const wanted = positionals.length > 0 ? positionals.map(Number) : [1_000, 10_000, 100_000];
const counts = wanted.map((count) => Math.min(count, FILES - OTHERS));
const all: Scale[] = [];
for (const kind of ["event streams", "parked polls"] as const) {
  for (const connections of counts) {
    const scale = await measure(kind, connections);
    console.error(JSON.stringify(scale));
    all.push(scale);
    if (values.json !== undefined) {
      writeFileSync(values.json, `${JSON.stringify({ ...machine(), scales: all }, null, 2)}\n`);
    }
  }
}

async function measure(kind: Kind, connections: number): Promise<Scale> {
  const children: ChildProcess[] = [];
  const start = async (module: string, args: readonly string[]): Promise<[ChildProcess, unknown]> => {
    const child = fork(module, args);
    children.push(child);
    return [child, await said(child)];
  };
  try {
    const [server, port] = await start("server.ts", []);
    const tell = (task: Task): Promise<unknown> => asked(server, task);
    const empty = (await tell("hold")) as Held;
    const began = performance.now();
    const clients: ChildProcess[] = [];
    for (let first = 0; first < connections; first += SHARE) {
      const [child] = await start("clients.ts", [kind, `${port}`, `${clients.length + 1}`]);
      clients.push(child);
    }
    const shares = clients.map((_, at) => Math.min(SHARE, connections - at * SHARE));
    const order = (of: (share: number) => Order): Promise<readonly unknown[]> =>
      Promise.all(clients.map((child, at) => asked(child, of(shares[at]!))));
    await order((share) => ({ open: share }));
    while (((await tell("count")) as number) < connections) await pause(20);
    const accepted = (connections / (performance.now() - began)) * 1_000;
    const full = (await tell("hold")) as Held;
    const wakes: (Woken & { readonly ms: number; readonly other: number })[] = [];
    for (let wake = 1; wake <= WAKES; wake += 1) {
      const others = requests(Number(port));
      const from = performance.now();
      const heard = order(() => ({ hear: wake }));
      await tell("wake");
      for (const count of await heard) if (count !== 0) throw new Error(`${count} connections heard too much`);
      const ms = performance.now() - from;
      while (((await tell("count")) as number) < connections) await pause(5);
      wakes.push({ ...((await tell("woken")) as Woken), ms, other: await others.end() });
    }
    const median = (of: (wake: (typeof wakes)[number]) => number): number =>
      wakes.map(of).sort((one, other) => one - other)[WAKES >> 1]!;
    return {
      kind,
      connections,
      accepted,
      heap: (full.heap - empty.heap) / connections / 1_024,
      resident: (full.resident - empty.resident) / connections / 1_024,
      wake: median(({ ms }) => ms),
      cpu: (median(({ cpu }) => cpu) * 1_000) / connections,
      pause: median((wake) => wake.pause),
      other: median(({ other }) => other),
    };
  } finally {
    for (const child of children) child.kill("SIGKILL");
  }
}

/** Starts a module of this folder with a larger limit of open files. */
function fork(module: string, args: readonly string[]): ChildProcess {
  const path = fileURLToPath(new URL(module, import.meta.url));
  const command = `ulimit -n ${FILES} && exec "$0" "$@"`;
  return spawn("sh", ["-c", command, process.execPath, ...process.execArgv, path, ...args], {
    stdio: ["ignore", "inherit", "inherit", "ipc"],
  });
}

/** Asks the server for something else again and again. `end` resolves with the longest time of an answer, in ms. */
function requests(port: number): { end(): Promise<number> } {
  let longest = 0;
  let isOver = false;
  const asking = (async () => {
    while (!isOver) {
      const from = performance.now();
      await new Promise<void>((resolve, reject) => {
        get({ port, host: "127.0.0.1", path: "/other" }, (response) => response.resume().on("end", resolve)).on(
          "error",
          reject,
        );
      });
      longest = Math.max(longest, performance.now() - from);
      await pause(5);
    }
  })();
  return {
    async end() {
      isOver = true;
      await asking;
      return longest;
    },
  };
}

function pause(ms: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, ms));
}
