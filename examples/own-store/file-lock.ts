import { linkSync, readdirSync, readFileSync, renameSync, rmSync, writeFileSync } from "node:fs";
import { hostname } from "node:os";
import { basename, dirname, join, resolve } from "node:path";
import { BusError } from "nightbus";

/** The holder of a lock. Undefined once it was released. */
type Holder = { readonly pid: number; readonly host: string } | undefined;

/** The lock files of this process. After a restart in a container, the process of before may have had the same number. */
const held = new Set<string>();

/**
 * A lock on a file among the processes of one machine. Node has no lock of the system, so that numbered files beside it serve:
 * the highest number holds the lock. A number is taken once and for all, and the next one only after its process has ended.
 */
export class FileLock {
  readonly #file: string;
  #isReleased = false;

  private constructor(file: string) {
    this.#file = file;
  }

  /** Takes the lock. Throws `store` while another store holds it, in this process too. */
  static take(path: string): FileLock {
    for (;;) {
      const highest = highestOf(path);
      if (highest > 0) refuseUnlessFree(path, highest);
      const file = nameOf(path, highest + 1);
      if (!create(file) || highestOf(path) !== highest + 1) continue; // another process was faster
      for (let old = highest; old > 0 && remove(nameOf(path, old)); old -= 1);
      held.add(file);
      return new FileLock(file);
    }
  }

  /** Gives the lock up. The file stays, since a lower number may not hold again. */
  release(): void {
    if (this.#isReleased) return;
    this.#isReleased = true;
    held.delete(this.#file);
    const free = `${this.#file}.free`;
    writeFileSync(free, "");
    renameSync(free, this.#file);
  }
}

function nameOf(path: string, number: number): string {
  return `${resolve(path)}.lock.${number}`;
}

/** The highest number, or 0. */
function highestOf(path: string): number {
  const start = `${basename(path)}.lock.`;
  const numbers = readdirSync(dirname(resolve(path)))
    .filter((name) => name.startsWith(start))
    .map((name) => Number(name.slice(start.length)));
  return Math.max(0, ...numbers.filter(Number.isInteger));
}

/** Makes the file with its content in one step. False if it is there. */
function create(file: string): boolean {
  const draft = join(dirname(file), `${basename(file)}.${process.pid}.${Math.random().toString(36).slice(2)}`);
  writeFileSync(draft, JSON.stringify({ pid: process.pid, host: hostname() }));
  try {
    linkSync(draft, file);
    return true;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "EEXIST") return false;
    throw error;
  } finally {
    rmSync(draft);
  }
}

function refuseUnlessFree(path: string, number: number): void {
  const file = nameOf(path, number);
  const holder = holderOf(file);
  if (holder === undefined) return;
  const { pid, host } = holder;
  const isHeld = pid === process.pid ? held.has(file) : isAlive(pid);
  if (host === hostname() && !isHeld) return;
  throw new BusError(
    "store",
    `process ${pid} on ${host} uses ${JSON.stringify(path)}: close its bus, or delete ${file} if it is gone`,
    { refused: true, unavailable: true },
  );
}

function holderOf(file: string): Holder {
  try {
    const text = readFileSync(file, "utf8");
    return text === "" ? undefined : (JSON.parse(text) as Holder); // as create() has written it
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "ENOENT") return undefined; // a higher number took over
    throw error;
  }
}

function isAlive(pid: number): boolean {
  try {
    return process.kill(pid, 0);
  } catch (error) {
    return (error as NodeJS.ErrnoException).code !== "ESRCH";
  }
}

function remove(file: string): boolean {
  try {
    rmSync(file);
    return true;
  } catch {
    return false; // another process has removed it
  }
}
