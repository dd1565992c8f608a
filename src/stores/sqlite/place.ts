import { statSync } from "node:fs";
import { resolve } from "node:path";
import { BusError, given } from "../../errors.ts";

/** Where the open file lies. SQLite goes on with a file that was deleted or replaced, which nobody else will ever open. */
export class Place {
  readonly #path: string;
  readonly #identity: string | undefined;
  #trouble: BusError | undefined;

  constructor(path: string) {
    this.#path = resolve(path); // the process may move to another folder
    this.#identity = identityOf(path);
  }

  /** What is to be said of sends while the path does not name the open file; the same error until it does again. */
  get trouble(): BusError | undefined {
    return this.#trouble;
  }

  /** Looks whether it still lies there. */
  look(): void {
    if (this.#identity === undefined || identityOf(this.#path) === this.#identity) {
      this.#trouble = undefined;
      return;
    }
    const advice = "put it back, or open a new bus";
    this.#trouble ??= new BusError(
      "store",
      `${given(this.#path)} was deleted or replaced while the bus had it open, so that what is sent would be lost: ${advice}`,
      { refused: true, unavailable: true },
    );
  }
}

// A link stands for what it points to. Where files have no numbers, none is missed.
function identityOf(path: string): string | undefined {
  try {
    const { dev, ino } = statSync(path, { bigint: true });
    return ino === 0n ? undefined : `${dev} ${ino}`;
  } catch {
    return undefined;
  }
}
