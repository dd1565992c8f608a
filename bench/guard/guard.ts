import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { build } from "esbuild";
import { answers } from "../../test/support/engines/addresses.ts";
import { count } from "./counting.ts";

// `npm run guard` counts the instructions of the hot paths, and fails if a path takes more than figures.json has.
// `npm run guard -- --write` writes the counts to figures.json, and `npm run guard -- poll wait` counts some paths.
// A count does not depend on other work of the machine. The program needs valgrind.

/** A path, the program that runs it, and the passes of its windows, in the unit of its figure. */
interface Path {
  readonly program: "paths" | "served" | "shared";
  readonly units: number;
  /** The same work by hand. The ratio of both is judged, because another compiler changes both counts alike. */
  readonly beside?: string;
  /** The ratio to the kept figure that is not too many yet. */
  readonly allowed?: number;
}

interface Figures {
  readonly node: string;
  /** Instructions of one send, wake-up, read, request, delivery or notification. */
  readonly paths: Readonly<Record<string, number>>;
}

const PATHS: Readonly<Record<string, Path>> = {
  send: { program: "paths", units: 500 },
  wake: { program: "paths", units: 500 },
  "catch-up": { program: "paths", units: 200 },
  // Requests come in other groups from run to run, and one program took 78,000, 81,000 and 85,000.
  poll: { program: "served", units: 300, beside: "poll by hand", allowed: 1.15 },
  "poll by hand": { program: "served", units: 300 },
  // So do requests of a crowd, and counts of one program differed by a sixth.
  wait: { program: "served", units: 10 * 50, beside: "wait by hand", allowed: 1.2 },
  "wait by hand": { program: "served", units: 10 * 50 },
  // One program took 6,765 to 6,852, and once 7 % more beside other work, since its writes fell into other turns.
  stream: { program: "served", units: 20 * 50, beside: "stream by hand", allowed: 1.1 },
  "stream by hand": { program: "served", units: 20 * 50 },
  // Replies of Redis come in other groups from run to run, and one program took 52,000 or 57,000.
  share: { program: "shared", units: 8 * 64, beside: "share by hand", allowed: 1.2 },
  "share by hand": { program: "shared", units: 8 * 64 },
};

const here = (name: string): string => fileURLToPath(new URL(name, import.meta.url));
const FIGURES = here("figures.json");
const ALLOWED = 1.05;
/** Counts at one time. More would not end earlier on two cores. */
const AT_ONCE = 2;

const isWritten = process.argv[2] === "--write";
const asked = process.argv.slice(isWritten ? 3 : 2);
const hasRedis = await answers("redis");
const names = Object.keys(PATHS).filter((name) => {
  const isAsked = asked.length === 0 || asked.some((begin) => name === begin || name === `${begin} by hand`);
  return isAsked && (hasRedis || PATHS[name]!.program !== "shared");
});
if (!hasRedis) console.log("no Redis answers, so the paths with a store are left out");

const folder = mkdtempSync(here("built-")); // inside the project, where its packages are found
try {
  await build({
    target: "es2022",
    platform: "node",
    entryPoints: ["paths.ts", "served.ts", "crowd.ts", "shared.ts"].map(here),
    outdir: folder,
    outExtension: { ".js": ".mjs" },
    bundle: true,
    packages: "external",
    format: "esm",
  });
  const counted: Record<string, number> = {};
  const left = [...names];
  const worker = async (): Promise<void> => {
    for (let name = left.shift(); name !== undefined; name = left.shift()) {
      const { program, units } = PATHS[name]!;
      counted[name] = Math.round((await count(join(folder, `${program}.mjs`), name)) / units);
    }
  };
  await Promise.all(Array.from({ length: AT_ONCE }, worker));
  const kept = JSON.parse(readFileSync(FIGURES, "utf8")) as Figures; // as written below
  if (isWritten) writeFigures({ ...kept.paths, ...counted });
  judge(counted, JSON.parse(readFileSync(FIGURES, "utf8")) as Figures); // as above
} finally {
  rmSync(folder, { recursive: true });
}

function writeFigures(all: Readonly<Record<string, number>>): void {
  const paths = Object.fromEntries(Object.keys(PATHS).flatMap((name) => (name in all ? [[name, all[name]!]] : [])));
  writeFileSync(FIGURES, `${JSON.stringify({ node: process.version, paths } satisfies Figures, null, 2)}\n`);
}

function judge(counted: Readonly<Record<string, number>>, { node, paths: kept }: Figures): void {
  const major = (version: string): string => version.split(".")[0]!;
  const isJudged = major(node) === major(process.version); // another compiler takes other instructions
  for (const name of names) {
    const { beside, allowed = ALLOWED } = PATHS[name]!;
    const now = figureOf(counted, name, beside);
    const ratio = now / figureOf(kept, name, beside);
    const isMany = !(ratio <= allowed) && !name.endsWith("by hand");
    const shown = `${counted[name]!.toLocaleString("en")} instructions`;
    const besides = beside === undefined ? "" : `, ${now.toFixed(3)} of by hand`;
    console.log(`${name}: ${shown}${besides}, ${ratio.toFixed(3)} of what is kept: ${isMany ? "TOO MANY" : "well"}`);
    if (isJudged && isMany) process.exitCode = 1;
  }
  if (node !== process.version) {
    const weight = isJudged ? "" : ": the figures decide nothing here";
    console.log(`kept for Node ${node}, and this is ${process.version}${weight}`);
  }
}

function figureOf(figures: Readonly<Record<string, number>>, name: string, beside: string | undefined): number {
  const figure = figures[name] ?? Number.NaN;
  return beside === undefined ? figure : figure / (figures[beside] ?? Number.NaN);
}
