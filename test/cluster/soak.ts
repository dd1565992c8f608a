// The cluster test for as long as one likes: `npm run soak -- [store...] [--seconds N] [--asleep N] [--seed N]`. Processes are
// stopped for up to `asleep` seconds. Exits with 1 when a promise was broken.
import { parseArgs } from "node:util";
import { engineOf } from "../engines/engines.ts";
import { type Proof, prove } from "./prove.ts";
import { STORES, type StoreName } from "./stores.ts";

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    seconds: { type: "string", default: "60" },
    asleep: { type: "string", default: "3" },
    seed: { type: "string", default: `${Date.now() % 1_000_000}` },
  },
});
const all = Object.keys(STORES) as StoreName[];
const unknown = positionals.filter((name) => !(all as string[]).includes(name));
if (unknown.length > 0) throw new Error(`there is no store ${unknown.join(", ")}: take some of ${all.join(", ")}`);

const seed = Number(values.seed);
for (const name of all) if (positionals.length === 0 || positionals.includes(name)) await soak(name);

async function soak(name: StoreName): Promise<void> {
  const missing = engineOf(name)?.missing();
  try {
    if (missing !== undefined) throw new Error(missing);
    const [ms, asleep] = [Number(values.seconds) * 1_000, Number(values.asleep) * 1_000];
    const proof = await prove(name, { seed, ms, longest: 3_000, asleep, besides: ["forget"], lanes: 3, rest: 25 });
    console.log(`${name}: ${summary(proof)}; seed ${seed}`);
    if (proof.violations.length > 0) throw new Error(proof.violations.join("\n"));
  } catch (error) {
    console.error(`${name}, seed ${seed}: ${(error as Error).message}`);
    process.exitCode = 1;
  }
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
