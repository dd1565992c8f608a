// Proves the promises of the bus at length, and exits with 1 if one was broken.
// `npm run soak -- [store...] [--seconds N] [--asleep N] [--seed N]` disturbs a cluster. `asleep` bounds the pause of a process, in seconds.
// `npm run soak -- load [--seconds N] [--polls N] [--streams N]` loads a server.
// `npm run soak -- long [--hours N] [--minutes N]` sends 5,000 a second, for hours on a clock that jumps and for minutes in real time.
// `npm run soak -- leaks [--count N]` looks for memory that stays.
// `npm run soak -- consumers [store...] [--kills N] [--seed N]` kills processes that consume, and their engine.
// `npm run soak -- sockets [--sockets N]` holds so many WebSockets, and wakes all of them again and again.
import { parseArgs } from "node:util";
import { holdCrowd } from "../http/websocket/crowd.ts";
import { ForkedClients } from "../http/websocket/crowd-fork.ts";
import { engineOf } from "../support/engines/engines.ts";
import { type Proof, prove } from "./cluster/prove.ts";
import { STORES, type StoreName } from "./cluster/stores.ts";
import { proveLedger } from "./consumers/ledger.ts";
import { soakLeaks, soakLoad, soakLong } from "./load/soak.ts";

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    seconds: { type: "string", default: "60" },
    polls: { type: "string", default: "10000" },
    streams: { type: "string", default: "2000" },
    count: { type: "string", default: "1000000" },
    sockets: { type: "string", default: "10000" },
    hours: { type: "string", default: "8" },
    minutes: { type: "string", default: "20" },
    kills: { type: "string", default: "100" },
    asleep: { type: "string", default: "3" },
    seed: { type: "string", default: `${Date.now() % 1_000_000}` },
  },
});
const seed = Number(values.seed);
const [first] = positionals;
if (first === "load") {
  await report("load", () => soakLoad(Number(values.seconds), Number(values.polls), Number(values.streams)));
} else if (first === "long") await report("long", () => soakLong(Number(values.hours), Number(values.minutes)));
else if (first === "sockets") await report("sockets", () => soakSockets(Number(values.sockets)));
else if (first === "consumers") {
  for (const name of storesOf(positionals.slice(1)))
    await report(`consumers on ${name}, seed ${seed}`, () => soakConsumers(name));
} else if (first === "leaks") await report("leaks", () => soakLeaks(Number(values.count)));
else await soakStores(positionals);

async function soakSockets(count: number): Promise<string> {
  const { held, heard, bytesOfSocket, grown } = await holdCrowd(count, 100, (port) => new ForkedClients(port));
  const megabytes = grown / 2 ** 20;
  if (megabytes > 60) throw new Error(`memory grew by ${megabytes.toFixed(1)} MB`);
  return `${held} held at ${Math.round(bytesOfSocket)} bytes each, ${heard} notifications heard, ${megabytes.toFixed(1)} MB grown`;
}

async function soakConsumers(name: StoreName): Promise<string> {
  const { jobs, kills, repeated, violations } = await proveLedger(name, Number(values.kills), seed);
  if (violations.length > 0) throw new Error(["BROKEN", ...violations].join("\n"));
  return `kept, ${jobs} jobs, ${kills} kills, ${repeated} jobs handled again`;
}

async function soakStores(names: readonly string[]): Promise<void> {
  for (const name of storesOf(names)) await report(`${name}, seed ${seed}`, () => soak(name));
}

/** Returns the stores of these names; all of them without a name. Throws for a name of none. */
function storesOf(names: readonly string[]): readonly StoreName[] {
  const all = Object.keys(STORES) as StoreName[];
  const unknown = names.filter((name) => !(all as string[]).includes(name));
  if (unknown.length > 0) throw new Error(`there is no store ${unknown.join(", ")}: take some of ${all.join(", ")}`);
  return names.length === 0 ? all : all.filter((name) => names.includes(name));
}

async function report(what: string, work: () => Promise<string>): Promise<void> {
  try {
    console.log(`${what}: ${await work()}`);
  } catch (error) {
    console.error(`${what}: ${(error as Error).message}`);
    process.exitCode = 1;
  }
}

async function soak(name: StoreName): Promise<string> {
  const missing = engineOf(name)?.missing();
  if (missing !== undefined) throw new Error(missing);
  const [ms, asleep] = [Number(values.seconds) * 1_000, Number(values.asleep) * 1_000];
  const proof = await prove(name, {
    seed,
    ms,
    sends: 0,
    longest: 3_000,
    asleep,
    besides: ["forget"],
    lanes: 3,
    rest: 25,
  });
  if (proof.violations.length > 0) throw new Error([summary(proof), ...proof.violations].join("\n"));
  return summary(proof);
}

function summary({ counts, played, violations }: Proof): string {
  const { acknowledged, rejected, read } = counts;
  const cuts = played.drop + played["half-open"] + played.forget;
  return [
    `${violations.length === 0 ? "kept" : "BROKEN"}, ${acknowledged} sends acknowledged and ${rejected} rejected`,
    `${played.kill} nodes killed, ${played.sleep} put to sleep`,
    `${played.restart} restarts and ${played.crash} crashes of the engine`,
    `${cuts} cuts and ${played.delay} delays of connections`,
    `${read} notifications read`,
  ].join(", ");
}
