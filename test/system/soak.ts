// Proves the promises of the bus at length, and exits with 1 if one was broken.
// `npm run soak -- [store...] [--seconds N] [--asleep N] [--seed N]` disturbs a cluster. `asleep` bounds the pause of a process, in seconds.
// `npm run soak -- load [--seconds N] [--polls N] [--streams N]` loads a server.
// `npm run soak -- leaks [--count N]` looks for memory that stays.
// `npm run soak -- sockets [--sockets N]` holds so many WebSockets, and wakes all of them again and again.
import { parseArgs } from "node:util";
import { holdCrowd } from "../http/websocket/crowd.ts";
import { ForkedClients } from "../http/websocket/crowd-fork.ts";
import { engineOf } from "../support/engines/engines.ts";
import { type Proof, prove } from "./cluster/prove.ts";
import { STORES, type StoreName } from "./cluster/stores.ts";
import { soakLeaks, soakLoad } from "./load/soak.ts";

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    seconds: { type: "string", default: "60" },
    polls: { type: "string", default: "10000" },
    streams: { type: "string", default: "2000" },
    count: { type: "string", default: "1000000" },
    sockets: { type: "string", default: "10000" },
    asleep: { type: "string", default: "3" },
    seed: { type: "string", default: `${Date.now() % 1_000_000}` },
  },
});
const seed = Number(values.seed);
const [first] = positionals;
if (first === "load") {
  await report("load", () => soakLoad(Number(values.seconds), Number(values.polls), Number(values.streams)));
} else if (first === "sockets") await report("sockets", () => soakSockets(Number(values.sockets)));
else if (first === "leaks") await report("leaks", () => soakLeaks(Number(values.count)));
else await soakStores(positionals);

async function soakSockets(count: number): Promise<string> {
  const { held, heard, bytesOfSocket, grown } = await holdCrowd(count, 100, (port) => new ForkedClients(port));
  const megabytes = grown / 2 ** 20;
  if (megabytes > 60) throw new Error(`memory grew by ${megabytes.toFixed(1)} MB`);
  return `${held} held at ${Math.round(bytesOfSocket)} bytes each, ${heard} notifications heard, ${megabytes.toFixed(1)} MB grown`;
}

async function soakStores(names: readonly string[]): Promise<void> {
  const all = Object.keys(STORES) as StoreName[];
  const unknown = names.filter((name) => !(all as string[]).includes(name));
  if (unknown.length > 0) throw new Error(`there is no store ${unknown.join(", ")}: take some of ${all.join(", ")}`);
  for (const name of all) {
    if (names.length === 0 || names.includes(name)) await report(`${name}, seed ${seed}`, () => soak(name));
  }
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
