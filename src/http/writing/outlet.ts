import type { Clock } from "../../util/clock.ts";
import type { Sink } from "../endpoint/request.ts";
import type { Unsent } from "./unsent.ts";

/** A sink that counts the bytes its client has yet to take. */
export class Outlet<S extends Sink = Sink> {
  readonly sink: S;
  readonly #unsent: Unsent;
  readonly #clock: Clock;
  #held: unknown[] | undefined;
  #written = 0;
  /** The bytes that the client had taken at the last look, and the time since when it took no more. */
  #taken: number;
  #movedAt: number;

  constructor(sink: S, unsent: Unsent, clock: Clock) {
    this.sink = sink;
    this.#unsent = unsent;
    this.#clock = clock;
    this.#taken = -sink.unsent;
    this.#movedAt = clock.monotonic();
  }

  /** Writes bytes in one piece. Returns false if the caller should wait for `drained`. */
  write(bytes: Uint8Array): boolean {
    this.#written += bytes.length;
    return this.sink.write(bytes);
  }

  /** True if bytes count as unsent here. */
  get holds(): boolean {
    return this.#held !== undefined;
  }

  /** Counts these bytes as unsent, until `release`. Other outlets may hold the same bytes. */
  hold(what: unknown, size: number): void {
    if (this.#held === undefined) this.#held = [what];
    else this.#held.push(what);
    this.#unsent.hold(what, size);
  }

  /** Stops counting: the client has taken everything, or has gone. */
  release(): void {
    if (this.#held === undefined) return;
    for (const what of this.#held) this.#unsent.release(what);
    this.#held = undefined;
  }

  /** Returns the last time at which the client visibly took bytes, or had none to take, by the monotonic clock. */
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
