import { type Channel, channelOf } from "../../notification.ts";
import type { Clock } from "../../util/clock.ts";

/** A poll that waits. */
export interface ParkedPoll {
  readonly channels: readonly Channel[];
  /** The cursor from which it was made. */
  readonly last: number;
  /** When it will be answered with nothing, by the bus's clock in ms since 1970; may be Infinity. */
  readonly deadline: number;
}

/** The polls that wait, the longest first. */
export class ParkedPolls {
  readonly #clock: Clock;
  readonly #parked = new Set<ParkedPoll>();

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  get all(): readonly ParkedPoll[] {
    return [...this.#parked];
  }

  /** Notes a poll until it is answered. Its deadline is by the monotonic clock. */
  add(keys: readonly string[], last: number, deadline: number, answer: Promise<unknown>): void {
    const wait = deadline - this.#clock.monotonic();
    const parked = { channels: keys.map(channelOf), last, deadline: this.#clock.now() + wait };
    this.#parked.add(parked);
    const leave = (): unknown => this.#parked.delete(parked);
    answer.then(leave, leave);
  }
}
