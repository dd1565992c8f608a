import type { Unsent } from "./unsent.ts";

/** Bytes that one client has yet to take. */
interface Hold {
  readonly what: unknown;
  /** The bytes of it that were written to the connection. */
  readonly written: number;
  next: Hold | undefined;
}

/** The holds of one client that lags, the oldest first. A list of links gives back the oldest without moving the others. */
export class Holds {
  readonly #unsent: Unsent;
  #oldest: Hold | undefined = undefined;
  #newest: Hold | undefined = undefined;
  #written = 0;

  constructor(unsent: Unsent) {
    this.#unsent = unsent;
  }

  /** Counts bytes as unsent. `written` is the part that was written to the connection. */
  add(what: unknown, size: number, written: number): void {
    const hold: Hold = { what, written, next: undefined };
    if (this.#newest === undefined) this.#oldest = hold;
    else this.#newest.next = hold;
    this.#newest = hold;
    this.#written += written;
    this.#unsent.hold(what, size);
  }

  /** Gives back the oldest while the newer ones cover all that the connection has not taken. The newest stays. */
  follow(unsent: number): void {
    for (;;) {
      const oldest = this.#oldest;
      if (oldest?.next === undefined || this.#written - oldest.written < unsent) return;
      this.#oldest = oldest.next;
      this.#written -= oldest.written;
      this.#unsent.release(oldest.what);
    }
  }

  /** True if nothing but this is held. */
  isOnly(what: unknown): boolean {
    return this.#oldest?.what === what && this.#oldest === this.#newest;
  }

  /** Gives back everything. The holds are not used again. */
  release(): void {
    for (let hold = this.#oldest; hold !== undefined; hold = hold.next) this.#unsent.release(hold.what);
  }
}
