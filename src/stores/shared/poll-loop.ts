import { type Clock, keepAlive, type Timer } from "../../util/clock.ts";
import type { Outage } from "./outage.ts";

/** The work of a poll loop. */
export interface PollLoopOptions {
  readonly clock: Clock;
  /** The pause between two turns, in ms. */
  readonly pause: () => number;
  /** Hands over the commits of other processes. Throws or rejects when that fails. */
  readonly work: () => Promise<unknown> | undefined;
  /** Runs at each turn. Default: `look()`. */
  readonly turn?: () => unknown;
  readonly outage: Outage;
}

/**
 * Looks for commits of other processes at regular turns, and on demand. A failure is reported once, and the next look tries
 * again. The timer keeps no process alive.
 */
export class PollLoop {
  readonly #options: PollLoopOptions;
  #timer: Timer | undefined;
  #isStopped = false;

  constructor(options: PollLoopOptions) {
    this.#options = options;
  }

  get isStopped(): boolean {
    return this.#isStopped;
  }

  /** Starts the turns. The first comes after a pause. */
  start(): void {
    const { clock, pause, turn = () => this.look() } = this.#options;
    if (this.#isStopped) return;
    this.#timer = clock.setTimeout(() => {
      void turn();
      this.start();
    }, pause());
    keepAlive(this.#timer, false);
  }

  /** Looks now. Never rejects, and reports no failure after `stop()`. */
  async look(): Promise<void> {
    const { work, outage } = this.#options;
    try {
      const working = work();
      if (working !== undefined) await working;
      outage.end();
    } catch (error) {
      if (!this.#isStopped) outage.begin(error);
    }
  }

  /** Ends the turns. */
  stop(): void {
    this.#isStopped = true;
    this.#options.clock.clearTimeout(this.#timer);
  }
}
