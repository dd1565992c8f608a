import { statSync } from "node:fs";
import { resolve } from "node:path";
import { BusError, given } from "../../errors.ts";

/**
 * Where the open file lies. SQLite goes on with a file that was deleted or replaced, which nobody else will ever open, and with
 * one that was cut off or overwritten by a shorter copy, which nobody will be able to read.
 */
export class Place {
  readonly #path: string;
  readonly #bytes: () => number;
  readonly #identity: string | undefined;
  #size: number;
  #isCut = false;
  #outage: BusError | undefined;

  /** `bytes` says how large SQLite believes the database to be. */
  constructor(path: string, bytes: () => number) {
    this.#path = resolve(path); // the process may move to another folder
    this.#bytes = bytes;
    const { identity, size } = fileAt(path);
    this.#identity = identity;
    this.#size = size;
  }

  /** What is to be said of sends while the path does not name the open file; the same error until it does again. */
  get outage(): BusError | undefined {
    return this.#outage;
  }

  /** Looks whether it still lies there, as long as it was. Throws SQLite's error. */
  look(): void {
    const { identity, size } = fileAt(this.#path);
    if (this.#isCut || this.#identity === undefined) return;
    if (identity !== this.#identity) {
      this.#outage ??= this.#lost("was deleted or replaced", "put it back, or open a new bus");
      return;
    }
    // One that was vacuumed is shorter, and SQLite knows of it.
    this.#isCut = size < this.#size && this.#bytes() >= this.#size;
    this.#size = size;
    this.#outage = this.#isCut ? this.#lost("was cut off or overwritten", "restore it, and open a new bus") : undefined;
  }

  #lost(what: string, advice: string): BusError {
    return new BusError(
      "store",
      `${given(this.#path)} ${what} while the bus had it open, so that what is sent would be lost: ${advice}`,
      { refused: true, unavailable: true },
    );
  }
}

interface FileAt {
  readonly identity: string | undefined;
  readonly size: number;
}

// A link stands for what it points to. Where files have no numbers, none is missed.
function fileAt(path: string): FileAt {
  try {
    const { dev, ino, size } = statSync(path, { bigint: true });
    return { identity: ino === 0n ? undefined : `${dev} ${ino}`, size: Number(size) };
  } catch {
    return { identity: undefined, size: 0 };
  }
}
