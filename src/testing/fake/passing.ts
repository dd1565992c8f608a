import { setImmediate } from "node:timers";
import { BusError } from "../../errors.ts";
import { checkMs } from "../../util/validate.ts";
import type { ManualClock } from "./manual-clock.ts";

/** The clock to move, and the state to watch. */
export interface PassingOptions {
  /** The clock to move; undefined if somebody else moves it. */
  readonly clock: ManualClock | undefined;
  /** Returns a text that changes with every event of the bus. */
  readonly state: () => string;
}

/** Lets time pass for a fake bus, and lets everything happen that needs no time. */
export class Passing {
  /** Failures that no listener of `error` heard. */
  readonly unheard: Error[] = [];
  readonly #options: PassingOptions;
  #moving: Promise<void> = Promise.resolve();

  constructor(options: PassingOptions) {
    this.#options = options;
  }

  /** Moves the clock on after the moves before. Rejects with a failure that nobody heard. */
  async advance(ms: number): Promise<void> {
    const { clock } = this.#options;
    if (clock === undefined) throw new BusError("bad_option", "this fake bus was given a clock: move that one");
    if (checkMs("ms", ms) === Number.POSITIVE_INFINITY) throw new BusError("bad_option", "ms must be finite");
    const moving = this.#moving.then(async () => {
      await this.settled();
      for (const _ of clock.steps(ms)) await this.settled();
    });
    this.#moving = moving.catch(() => {}); // the caller of that move got it
    return moving;
  }

  /** Waits until nothing changes any longer. Rejects with a failure that nobody heard. */
  async settled(): Promise<void> {
    const { clock, state } = this.#options;
    for (let before = ""; before !== state(); ) {
      before = state();
      await turn();
      for (const _ of clock?.steps(0) ?? []) await turn();
    }
    const error = this.unheard.shift();
    if (error !== undefined) throw error;
  }
}

// The function is looked up once, because fake timers that are installed later would stop it.
const immediate = setImmediate;

/** Waits for a turn of the event loop. All queued promise callbacks run before it. */
function turn(): Promise<void> {
  return new Promise((resolve) => {
    immediate(resolve);
  });
}
