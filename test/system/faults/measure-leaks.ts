import { execFile } from "node:child_process";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";

/** Returns the memory that remains after many passes, beyond that after a few. */
export interface Leak {
  readonly what: string;
  /** Of the heap. */
  readonly bytes: number;
  readonly waiting: number;
  /** On a signal that all share. */
  readonly listeners: number;
  /** That keep the process alive. */
  readonly timers: number;
}

const SCRIPT = fileURLToPath(new URL("leaks.ts", import.meta.url));

/** Measures in a process of its own, where nothing else uses the heap. */
export async function measureLeaks(count: number): Promise<readonly Leak[]> {
  const args = ["--expose-gc", "--import", "tsx", SCRIPT, `${count}`];
  const { stdout } = await promisify(execFile)(process.execPath, args);
  return stdout
    .trim()
    .split("\n")
    .map((line) => JSON.parse(line) as Leak);
}
