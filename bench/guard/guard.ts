import { execFile } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { build } from "esbuild";

// `npm run guard` counts the instructions of the hot paths, and fails if a path takes more than figures.json has.
// `npm run guard -- --write` writes the counts to figures.json.
// A count does not depend on other work of the machine. The program needs valgrind.

interface Figures {
  readonly node: string;
  /** Instructions of one pass. */
  readonly paths: Readonly<Record<string, number>>;
}

const run = promisify(execFile);
const here = (name: string): string => fileURLToPath(new URL(name, import.meta.url));
const FIGURES = here("figures.json");
const ALLOWED = 1.05;
/** The smaller size runs until most code is compiled. The slope between the two sizes is the cost of one pass. */
const SIZES = { send: [12_000, 16_000], wake: [6_000, 10_000], "catch-up": [2_000, 4_000] } as const;
/**
 * The flags make two runs take the same way through the engine. Otherwise the time of a garbage collection would depend
 * on the machine.
 */
const NODE = [
  "--single-threaded",
  "--predictable",
  "--predictable-gc-schedule",
  "--no-incremental-marking",
  "--random-seed=1",
  "--hash-seed=1",
];

const folder = mkdtempSync(here("built-")); // inside the project, where its packages are found
try {
  const program = join(folder, "paths.mjs");
  await build({
    target: "es2022",
    entryPoints: [here("paths.ts")],
    outfile: program,
    bundle: true,
    packages: "external",
    format: "esm",
  });
  const counted: Record<string, number> = {};
  for (const [path, [few, many]] of Object.entries(SIZES)) {
    const [less, more] = await Promise.all([count(program, path, few), count(program, path, many)]);
    counted[path] = Math.round((more - less) / (many - few));
  }
  if (process.argv[2] === "--write") {
    const figures: Figures = { node: process.version, paths: counted };
    writeFileSync(FIGURES, `${JSON.stringify(figures, null, 2)}\n`);
  }
  judge(counted, JSON.parse(readFileSync(FIGURES, "utf8")) as Figures); // as written above
} finally {
  rmSync(folder, { recursive: true });
}

async function count(program: string, path: string, times: number): Promise<number> {
  const { stderr } = await run("valgrind", [
    "--tool=callgrind",
    "--callgrind-out-file=/dev/null",
    process.execPath,
    ...NODE,
    program,
    path,
    `${times}`,
  ]);
  const [, instructions] = /Collected : (\d+)/.exec(stderr) ?? [];
  if (instructions === undefined) throw new Error(`valgrind counted nothing: ${stderr}`);
  return Number(instructions);
}

function judge(counted: Readonly<Record<string, number>>, figures: Figures): void {
  const major = (version: string): string => version.split(".")[0]!;
  const isJudged = major(figures.node) === major(process.version); // another compiler takes other instructions
  for (const [path, instructions] of Object.entries(counted)) {
    const kept = figures.paths[path];
    const ratio = kept === undefined ? Number.POSITIVE_INFINITY : instructions / kept;
    const verdict = ratio > ALLOWED ? "TOO MANY" : "well";
    console.log(
      `${path}: ${instructions.toLocaleString("en")} instructions, ${ratio.toFixed(3)} of what is kept: ${verdict}`,
    );
    if (isJudged && ratio > ALLOWED) process.exitCode = 1;
  }
  if (figures.node !== process.version) {
    const weight = isJudged ? "" : ": the figures decide nothing here";
    console.log(`kept for Node ${figures.node}, and this is ${process.version}${weight}`);
  }
}
