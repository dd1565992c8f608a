import type { Meter } from "../../core/meter.ts";
import { busy } from "../endpoint/refusal.ts";

/** The bytes that clients of a mount have yet to take. Bytes that several clients share count once. */
export class Unsent {
  readonly #most: number;
  readonly #meter: Meter;
  readonly #held = new Map<unknown, { readonly size: number; holders: number }>();
  #size = 0;

  constructor(most: number, meter: Meter) {
    this.#most = most;
    this.#meter = meter;
  }

  /** True if clients that lag get nothing more. */
  get isFull(): boolean {
    return this.#size >= this.#most;
  }

  /** Throws a Refusal if this many bytes more are too many. An answer of any size is allowed if nothing else is unsent. */
  check(size: number): void {
    if (this.#size > 0 && this.#size + size > this.#most) throw busy("too much is unsent, come back later");
  }

  /** Counts bytes that a client has yet to take. Other clients may hold the same. */
  hold(what: unknown, size: number): void {
    const held = this.#held.get(what);
    if (held !== undefined) {
      held.holders += 1;
      return;
    }
    this.#held.set(what, { size, holders: 1 });
    this.#change(size);
  }

  /** Stops counting for a client that took the bytes, or has gone. */
  release(what: unknown): void {
    const held = this.#held.get(what)!; // `hold` put it there
    held.holders -= 1;
    if (held.holders > 0) return;
    this.#held.delete(what);
    this.#change(-held.size);
  }

  #change(size: number): void {
    this.#size += size;
    this.#meter.addUnsent(size);
  }
}
