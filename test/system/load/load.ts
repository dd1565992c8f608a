import { type ChildProcess, fork } from "node:child_process";
import { setTimeout as pause } from "node:timers/promises";
import { fileURLToPath } from "node:url";
import { eventually } from "../../support/eventually.ts";
import type { Account, Asked, Finals, Holds, Told } from "./lines.ts";

export interface LoadOptions {
  readonly polls: number;
  readonly streams: number;
  readonly ms: number;
  /** After so many ms memory grows no further. */
  readonly flatAfter: number;
  /** The processes of the readers. */
  readonly crowds: number;
}

export interface LoadReport {
  readonly sends: number;
  readonly reads: number;
  /** The memory when everybody was there, when it had to be flat, at the end of the load, and after everybody had gone. */
  readonly full: Holds;
  readonly flat: Holds;
  readonly end: Holds;
  readonly after: Holds;
  readonly problems: readonly string[];
}

/** Loads a server with readers who come, go and crash, one process of them all at once, and holds their books against it. */
export async function load({ polls, streams, ms, flatAfter, crowds }: LoadOptions): Promise<LoadReport> {
  const children: ChildProcess[] = [];
  const run = (name: string, args: readonly (string | number)[] = []): ChildProcess => {
    const child = fork(fileURLToPath(new URL(name, import.meta.url)), args.map(String), {
      execArgv: ["--expose-gc", "--import", "tsx"],
    });
    children.push(child);
    return child;
  };
  try {
    const server = run("server.ts");
    const { addresses } = (await heard(server)) as { readonly addresses: readonly string[] }; // as it tells first
    const share = (all: number) => Math.ceil(all / crowds);
    const come = () => run("crowd.ts", [share(polls), share(streams), ...addresses]);
    const crowd = Array.from({ length: crowds }, come);
    let full = await holds(server);
    const everybody = () =>
      eventually(
        () => `everybody has come; there are ${full.sockets}`,
        async () => {
          await pause(1_000); // the server collects garbage each time
          full = await holds(server);
          return full.sockets > (polls + streams) * 0.9;
        },
        180_000,
      );
    await everybody();
    const began = performance.now();
    const until = (at: number) => pause(Math.max(0, at - (performance.now() - began)));
    await until(flatAfter / 2);
    crowd[0]!.kill("SIGKILL"); // there is one
    crowd[0] = come();
    await until(flatAfter);
    await everybody();
    const flat = await holds(server);
    await until(ms);
    const end = await holds(server);
    const { finals } = (await asks(server, "stop")) as { readonly finals: Finals }; // as it tells then
    const accounts = await Promise.all(crowd.map((each) => accountOf(each, finals)));
    let after = await holds(server);
    const isEmpty = async () => {
      await pause(100);
      after = await holds(server);
      return after.waiting + after.sockets + after.timers === 0;
    };
    await eventually(() => `nothing is left; there is ${JSON.stringify(after)}`, isEmpty, 30_000);
    const reads = accounts.reduce((sum, account) => sum + account.reads, 0);
    return {
      sends: after.sends,
      reads,
      full,
      flat,
      end,
      after,
      problems: accounts.flatMap(({ problems }) => problems),
    };
  } finally {
    for (const child of children) child.kill("SIGKILL");
  }
}

async function holds(server: ChildProcess): Promise<Holds> {
  const { holds: told } = (await asks(server, "hold")) as { readonly holds: Holds }; // as it tells then
  return told;
}

function asks(server: ChildProcess, what: Asked): Promise<Told> {
  const told = heard(server);
  server.send(what);
  return told as Promise<Told>; // as server.ts has it
}

function accountOf(crowd: ChildProcess, finals: Finals): Promise<Account> {
  const account = heard(crowd);
  crowd.send(finals);
  return account as Promise<Account>; // as crowd.ts has it
}

function heard(child: ChildProcess): Promise<unknown> {
  return new Promise((resolve, reject) => {
    const ended = (code: number | null, signal: string | null): void =>
      reject(new Error(`a process of the load ended by itself with ${code ?? signal}`));
    child.once("exit", ended).once("message", (message) => {
      child.off("exit", ended);
      resolve(message);
    });
  });
}
