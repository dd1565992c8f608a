import type { Clock } from "../../util/clock.ts";
import type { Sink } from "../endpoint/request.ts";
import type { Unsent } from "./unsent.ts";

/** A sink, with an account of what its client has yet to take. */
export class Outlet {
  readonly sink: Sink;
  readonly #unsent: Unsent;
  readonly #clock: Clock;
  #held: unknown[] | undefined;
  #written = 0;
  /** The bytes that were taken at the last look, and the time since which no more were. */
  #taken: number;
  #movedAt: number;

  constructor(sink: Sink, unsent: Unsent, clock: Clock) {
    this.sink = sink;
    this.#unsent = unsent;
    this.#clock = clock;
    this.#taken = -sink.unsent;
    this.#movedAt = clock.monotonic();
  }

  /** Writes in one piece; false when `drained` should be waited for before more comes. */
  write(bytes: Uint8Array): boolean {
    this.#written += bytes.length;
    return this.sink.write(bytes);
  }

  /** True if something is counted as unsent here. */
  get holds(): boolean {
    return this.#held !== undefined;
  }

  /** Counts this as unsent, until `release`; others may count the same. */
  hold(what: unknown, size: number): void {
    if (this.#held === undefined) this.#held = [what];
    else this.#held.push(what);
    this.#unsent.hold(what, size);
  }

  /** All of it was taken, or the client has gone. */
  release(): void {
    if (this.#held === undefined) return;
    for (const what of this.#held) this.#unsent.release(what);
    this.#held = undefined;
  }

  /** When the client last took something, or had nothing to take, by the monotonic clock, as far as can be seen. */
  movedAt(): number {
    const { unsent } = this.sink;
    const taken = this.#written - unsent;
    if (unsent === 0 || taken > this.#taken) {
      this.#taken = taken;
      this.#movedAt = this.#clock.monotonic();
    }
    return this.#movedAt;
  }
}
