import { type Channel, channelOf } from "../../notification.ts";
import type { Clock } from "../../util/clock.ts";

/** A parked poll. */
export interface ParkedPoll {
  /** The channels that the poll reads. */
  readonly channels: readonly Channel[];
  /** The cursor of the poll. */
  readonly last: number;
  /** The time of its empty answer, by the bus's clock in ms since 1970; may be Infinity. */
  readonly deadline: number;
}

/** The parked polls, the longest first. */
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
