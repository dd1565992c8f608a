import type { Log } from "../log/log.ts";
import type { PendingTrims } from "../log/pending-trims.ts";
import type { Trimmed } from "../store.ts";
import { type Clock, keepAlive, type Timer } from "../util/clock.ts";
import type { Meter } from "./meter.ts";

/** The bounds of the pause between two sweeps, in ms. The pause is a quarter of the smallest limit of age, within these bounds. */
const SHORTEST = 1_000;
const LONGEST = 60_000;

/** The log to sweep, and the parts that hear of trims. */
export interface SweeperOptions {
  readonly clock: Clock;
  readonly log: Pick<Log<unknown>, "rows" | "shortestAge" | "sweep">;
  readonly meter: Pick<Meter, "setTrimmed">;
  /** The rows that the log trimmed and the store has yet to forget. */
  readonly pendingTrims: PendingTrims;
  readonly trim: (trimmed: Trimmed) => void;
  /** Called before the log evicts rows by age, because readers come first. */
  readonly beforeSweep: () => void;
}

/** Evicts rows that grow too old while nobody reads, and tells the store what was trimmed. */
export class Sweeper {
  readonly #options: SweeperOptions;
  #timer: Timer | undefined;
  #stopped = false;

  constructor(options: SweeperOptions) {
    this.#options = options;
  }

  /** Plans the next sweep and hands trims on. Called after each change of the log. */
  handOn(): void {
    const { meter, pendingTrims, trim } = this.#options;
    const trimmed = pendingTrims.take();
    this.#schedule();
    if (trimmed !== undefined) trim(trimmed);
    meter.setTrimmed(pendingTrims.count);
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
    this.handOn();
  }
}
