import { execFile } from "node:child_process";
import { mkdtempSync, readdirSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { promisify } from "node:util";
import { quantile } from "../numbers.ts";
import { WINDOWS } from "./windows.ts";

const run = promisify(execFile);

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

/**
 * Returns the instructions of one window of a path: the lower quartile of all. The higher ones have collections of all
 * garbage, and functions that were compiled late. The program needs valgrind.
 */
export async function count(program: string, path: string): Promise<number> {
  const folder = mkdtempSync(join(tmpdir(), "nightbus-guard-"));
  try {
    await run("valgrind", [
      "--tool=callgrind",
      `--callgrind-out-file=${join(folder, "window")}`,
      "--dump-before=uv_os_gethostname", // the mark of windows.ts
      process.execPath,
      ...NODE,
      program,
      path,
    ]);
    return quantile(windowsIn(folder), 0.25);
  } finally {
    rmSync(folder, { recursive: true });
  }
}

/** The first dump has the warm-up, and the last file has the end. Each other dump has one window. */
function windowsIn(folder: string): readonly number[] {
  const counts = new Map<number, number>();
  for (const name of readdirSync(folder)) {
    const [, index] = /^window\.(\d+)$/.exec(name) ?? [];
    const [, instructions] = /^(?:totals|summary): (\d+)/m.exec(readFileSync(join(folder, name), "utf8")) ?? [];
    if (index !== undefined) counts.set(Number(index), Number(instructions));
  }
  const windows = Array.from({ length: WINDOWS }, (_, index) => counts.get(index + 2));
  if (windows.some((instructions) => !(instructions! > 0))) throw new Error(`valgrind counted ${windows.join()}`);
  return windows as number[]; // checked above
}
