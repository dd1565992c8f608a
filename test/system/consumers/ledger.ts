import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { existsSync, mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { fileURLToPath } from "node:url";
import { Bus, BusError } from "nightbus";
import { engineOf } from "../../support/engines/engines.ts";
import type { Instance } from "../../support/engines/instance.ts";
import { TcpProxy } from "../cluster/proxy.ts";
import { STORES, type StoreName } from "../cluster/stores.ts";
import { LEDGERS, type Ledger } from "./ledgers.ts";

const PROCESSES = 4;
const LEASE = 500;
const FOREVER = { age: Number.POSITIVE_INFINITY, count: Number.POSITIVE_INFINITY };

/** The kills of processes between two restarts of the engine. */
const RESTART_AFTER = 5;

/** The longest wait for the rest of the work after the last kill, in ms. */
const LONGEST_REST = 30_000;

/** The result of a run. */
export interface LedgerProof {
  readonly jobs: number;
  readonly kills: number;
  /** The jobs that were handled again, as at least once allows. */
  readonly repeated: number;
  /** The promises that were broken, as sentences. */
  readonly violations: readonly string[];
}

/**
 * Lets four processes consume the same jobs over one store, and kills them again and again, and its engine as well. Two buses send each
 * job under one key, so that it is sent once. Compares the effects with the jobs.
 */
export async function proveLedger(name: StoreName, kills: number, seed: number): Promise<LedgerProof> {
  const folder = mkdtempSync(join(tmpdir(), "nightbus-ledger-"));
  const place = await placeOf(name, join(folder, "bus.db"));
  const seen = join(folder, "seen");
  const ledger = await LEDGERS[name]?.(place.address);
  const buses = [await open(name, place.address), await open(name, place.address)] as const;
  const complaints: string[] = [];
  const begin = (): Running => start([name, place.address, seen, `${LEASE}`], complaints);
  const processes = Array.from({ length: PROCESSES }, begin);
  const ending = new AbortController();
  const sending = send(buses, ending.signal);
  try {
    await Promise.all(processes.map(({ ready }) => ready));
    await killSome(processes, { kills, seed, begin, restart: place.restart });
    ending.abort();
    const jobs = await sending;
    const isDone = async (): Promise<boolean> =>
      seenIn(seen).size >= jobs && (await jobsOf(ledger, jobs)).length >= jobs;
    const end = performance.now() + LONGEST_REST;
    while (performance.now() < end && !(await isDone())) await sleep(50);
    const { repeated, violations } = judge(jobs, await jobsOf(ledger, jobs), seen);
    return { jobs, kills, repeated, violations: [...violations, ...complaints] };
  } finally {
    ending.abort();
    for (const { child } of processes) child.kill("SIGKILL");
    await sending;
    await Promise.all(buses.map((bus) => bus.close().catch(() => {})));
    await ledger?.close();
    await place.close();
    rmSync(folder, { recursive: true, force: true });
  }
}

/** The address of a store, which stays the same when its engine is killed and started again. */
interface Place {
  readonly address: string;
  readonly restart: () => Promise<void>;
  readonly close: () => Promise<void>;
}

async function placeOf(name: StoreName, path: string): Promise<Place> {
  const engine = engineOf(name);
  if (engine === undefined) return { address: path, restart: async () => {}, close: async () => {} };
  const instance: Instance = engine.create();
  await instance.start();
  const proxy = await TcpProxy.open(() => instance.port);
  return {
    address: instance.connection(proxy.port),
    async restart() {
      await instance.stop("SIGKILL");
      await instance.start();
    },
    async close() {
      await proxy.close();
      await instance.close();
    },
  };
}

async function open(name: StoreName, address: string): Promise<Bus> {
  const bus = new Bus({ store: await STORES[name](address), retention: FOREVER });
  bus.on("error", () => {}); // its engine is killed now and then
  await bus.ready();
  return bus;
}

/** The jobs of the ledger; all of them for a store without one. */
async function jobsOf(ledger: Ledger | undefined, jobs: number): Promise<readonly number[]> {
  return ledger === undefined ? Array.from({ length: jobs }, (_, job) => job) : ledger.jobs();
}

interface Running {
  readonly child: ChildProcess;
  readonly ready: Promise<unknown>;
}

function start(args: readonly string[], complaints: string[]): Running {
  const script = fileURLToPath(new URL("./worker.ts", import.meta.url));
  const child = spawn(process.execPath, ["--import", "tsx", script, ...args], { stdio: ["ignore", "pipe", "pipe"] });
  child.stderr!.setEncoding("utf8").on("data", (text: string) => complaints.push(text.trim()));
  return { child, ready: Promise.race([once(child.stdout!, "data"), once(child, "close")]) };
}

async function send(buses: readonly Bus[], signal: AbortSignal): Promise<number> {
  let jobs = 0;
  for (; !signal.aborted; jobs += 1) {
    const job = jobs;
    await Promise.all(buses.map((bus) => sendAgain(bus, job)));
    await sleep(5);
  }
  return jobs;
}

/** Sends a job until its fate is known. The key makes that harmless. */
async function sendAgain(bus: Bus, job: number): Promise<void> {
  for (;;) {
    try {
      await bus.sendone("jobs", job, { key: `job ${job}` });
      return;
    } catch (error) {
      if (!(error instanceof BusError && error.code === "store")) throw error;
      await sleep(50);
    }
  }
}

interface Killing {
  readonly kills: number;
  readonly seed: number;
  readonly begin: () => Running;
  readonly restart: () => Promise<void>;
}

async function killSome(processes: Running[], { kills, seed, begin, restart }: Killing): Promise<void> {
  for (let killed = 0, random = seed; killed < kills; killed += 1) {
    random = (random * 48_271 + 11) % 2_147_483_647;
    await sleep(100 + (random % 900));
    const at = random % processes.length;
    processes[at]!.child.kill("SIGKILL");
    await once(processes[at]!.child, "close");
    processes[at] = begin();
    await processes[at].ready;
    if (killed % RESTART_AFTER === RESTART_AFTER - 1) await restart();
  }
}

function judge(
  jobs: number,
  ledger: readonly number[],
  seen: string,
): { repeated: number; violations: readonly string[] } {
  const violations: string[] = [];
  const wrong = ledger.findIndex((job, at) => job !== at);
  if (ledger.length !== jobs || wrong >= 0) {
    violations.push(`the ledger has ${ledger.length} entries of ${jobs}, and entry ${wrong} is ${ledger[wrong]}`);
  }
  const handled = seenIn(seen);
  if (handled.size !== jobs) violations.push(`${handled.size} of ${jobs} jobs were handled at least once`);
  const newest = new Map<string, number>();
  for (const [fence, job] of handledIn(seen)) {
    const before = newest.get(fence);
    if (before !== undefined && job !== before + 1)
      violations.push(`job ${job} came after ${before} by fence ${fence}`);
    newest.set(fence, job);
  }
  return { repeated: handledIn(seen).length - handled.size, violations };
}

function handledIn(file: string): readonly (readonly [fence: string, job: number])[] {
  const lines = existsSync(file) ? readFileSync(file, "utf8").trim().split("\n").filter(Boolean) : [];
  return lines.map((line) => line.split(" ")).map(([fence, job]) => [fence!, Number(job)]);
}

function seenIn(file: string): ReadonlySet<number> {
  return new Set(handledIn(file).map(([, job]) => job));
}
