import type { Log } from "../log/log.ts";
import type { PendingTrims } from "../log/pending-trims.ts";
import type { Trimmed } from "../store.ts";
import { type Clock, keepAlive, type Timer } from "../util/clock.ts";
import type { Meter } from "./meter.ts";

/** How often what has grown too old is looked for: a quarter of the shortest age, but within these, in ms. */
const SHORTEST = 1_000;
const LONGEST = 60_000;

export interface SweeperOptions {
  readonly clock: Clock;
  readonly log: Pick<Log<unknown>, "rows" | "shortestAge" | "sweep">;
  readonly meter: Pick<Meter, "trimmed">;
  /** What the log trims. */
  readonly pendingTrims: PendingTrims;
  readonly trim: (trimmed: Trimmed) => void;
  /** Called before anything is evicted for its age: readers come first. */
  readonly beforeSweep: () => void;
}

/** Keeps a log tidy: evicts what grows too old while nobody reads, and tells the store what was trimmed. */
export class Sweeper {
  readonly #options: SweeperOptions;
  #timer: Timer | undefined;
  #stopped = false;

  constructor(options: SweeperOptions) {
    this.#options = options;
  }

  /** After the log has changed. */
  changed(): void {
    const { meter, pendingTrims, trim } = this.#options;
    const trimmed = pendingTrims.take();
    this.#schedule();
    if (trimmed !== undefined) trim(trimmed);
    meter.trimmed(pendingTrims.count);
  }

  stop(): void {
    this.#stopped = true;
    if (this.#timer !== undefined) this.#options.clock.clearTimeout(this.#timer);
  }

  #schedule(): void {
    const { clock, log } = this.#options;
    if (this.#stopped || this.#timer !== undefined || log.rows === 0) return;
    if (log.shortestAge === Number.POSITIVE_INFINITY) return;
    const delay = Math.min(LONGEST, Math.max(SHORTEST, log.shortestAge / 4));
    this.#timer = clock.setTimeout(() => this.#sweep(), delay);
    keepAlive(this.#timer, false);
  }

  #sweep(): void {
    this.#timer = undefined;
    this.#options.beforeSweep();
    this.#options.log.sweep();
    this.changed();
  }
}
