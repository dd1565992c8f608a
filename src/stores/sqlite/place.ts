import { statSync } from "node:fs";
import { resolve } from "node:path";
import { BusError, given } from "../../errors.ts";

/** The database as SQLite believes it to be. */
export interface Believed {
  /** The size, in bytes. Newer pages may be in the write-ahead log alone. */
  bytes(): number;
  /** A number that each vacuum raises. */
  schemaVersion(): number;
  /** True if the file may become shorter without a vacuum. Its length then tells nothing. */
  isShrinking(): boolean;
}

/**
 * Watches over the place of the open file. SQLite goes on writing to a deleted or replaced file, which no process will open
 * again. SQLite also goes on after the file was cut off, or overwritten by a shorter copy, which no process can read. The length of a
 * file with `auto_vacuum` tells nothing of that.
 */
export class Place {
  readonly #path: string;
  readonly #tables: Believed;
  readonly #identity: string | undefined;
  readonly #isShrinking: boolean;
  #size: number;
  #version: number;
  #isCut = false;
  #outage: BusError | undefined;

  constructor(path: string, tables: Believed) {
    this.#path = resolve(path); // the process may change its folder
    this.#tables = tables;
    const { identity, size } = fileAt(path);
    this.#identity = identity;
    this.#size = size;
    this.#version = tables.schemaVersion();
    this.#isShrinking = tables.isShrinking();
  }

  /** The error of sends while the path does not lead to the open file. Undefined while it does. */
  get outage(): BusError | undefined {
    return this.#outage;
  }

  /** Checks that the file still lies there, at its full length. Throws SQLite's error. */
  look(): void {
    const { identity, size } = fileAt(this.#path);
    if (this.#isCut || this.#identity === undefined) return;
    if (identity !== this.#identity) {
      this.#outage ??= this.#lost("was deleted or replaced", "put it back, or open a new bus");
      return;
    }
    // A vacuum makes the file shorter as well. SQLite then knows the new size, unless the write-ahead log has as much again.
    const version = this.#tables.schemaVersion();
    const isShorter = size < this.#size && !this.#isShrinking && version <= this.#version;
    this.#isCut = isShorter && this.#tables.bytes() >= this.#size;
    this.#size = size;
    this.#version = version;
    this.#outage = this.#isCut ? this.#lost("was cut off or overwritten", "restore it, and open a new bus") : undefined;
  }

  #lost(what: string, advice: string): BusError {
    return new BusError(
      "store",
      `${given(this.#path)} ${what} while the bus had it open, so that sends would be lost: ${advice}`,
      { refused: true, unavailable: true },
    );
  }
}

interface FileAt {
  readonly identity: string | undefined;
  readonly size: number;
}

// A link stands for its target. On a system without file numbers, no replacement is noticed.
function fileAt(path: string): FileAt {
  try {
    const { dev, ino, size } = statSync(path, { bigint: true });
    return { identity: ino === 0n ? undefined : `${dev} ${ino}`, size: Number(size) };
  } catch {
    return { identity: undefined, size: 0 };
  }
}
