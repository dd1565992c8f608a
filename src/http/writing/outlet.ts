import type { Clock } from "../../util/clock.ts";
import type { Sink } from "../endpoint/request.ts";
import { Holds } from "./holds.ts";
import type { Unsent } from "./unsent.ts";

/** A sink that counts the bytes its client has yet to take. */
export class Outlet<S extends Sink = Sink> {
  readonly sink: S;
  readonly #unsent: Unsent;
  readonly #clock: Clock;
  #held: Holds | undefined;
  #written = 0;
  /** The bytes that the client had taken at the last look, and the time since when it took no more. */
  #taken: number;
  #movedAt: number;
  /** The time since which every look saw unsent bytes, by the monotonic clock; undefined if the last look saw none. 0 is the beginning. */
  #unsentSince: number | undefined = 0;

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

  /** Counts bytes as unsent that have yet to be written, until `release`. Other outlets may hold the same bytes. */
  hold(what: unknown, size: number): void {
    this.#hold(what, size, 0);
  }

  /** Counts bytes as unsent that were written last, until the client has taken them, or `release`. Other outlets may hold the same. */
  holdWritten(bytes: Uint8Array): void {
    this.#hold(bytes, bytes.length, bytes.length);
    this.#held?.follow(this.sink.unsent);
  }

  /** Stops counting: the client has taken everything, or has gone. */
  release(): void {
    if (this.#held === undefined) return;
    this.#held.release();
    this.#held = undefined;
  }

  /**
   * Returns the last time at which the client visibly took bytes, or had none to take, by the monotonic clock. That is now if the
   * client is excused.
   */
  movedAt(isExcused = false): number {
    const { unsent } = this.sink;
    const taken = this.#written - unsent;
    if (unsent === 0 || taken > this.#taken || isExcused) {
      this.#taken = taken;
      this.#movedAt = this.#clock.monotonic();
    }
    return this.#movedAt;
  }

  /**
   * Returns the time, by the monotonic clock, at which the client will have taken nothing for `timeout` ms. Infinite
   * while no bytes are unsent. The count begins with the first look that sees unsent bytes.
   */
  stuckAt(now: number, timeout: number): number {
    const { unsent } = this.sink;
    if (unsent === 0) {
      this.#unsentSince = undefined;
      this.release();
      return Number.POSITIVE_INFINITY;
    }
    this.#count(unsent);
    this.#unsentSince ??= now;
    return Math.max(this.#unsentSince, this.movedAt()) + timeout;
  }

  /** Counts what a look sees as unsent. Bytes that were written while none were unsent have no hold of their own. */
  #count(unsent: number): void {
    this.#held?.follow(unsent);
    if (this.#held?.isOnly(this)) this.release();
    if (this.#held === undefined) this.#hold(this, unsent, unsent);
  }

  #hold(what: unknown, size: number, written: number): void {
    this.#held ??= new Holds(this.#unsent);
    this.#held.add(what, size, written);
  }
}
