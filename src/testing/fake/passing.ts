import { setImmediate } from "node:timers";
import { BusError } from "../../errors.ts";
import { checkMs } from "../../util/validate.ts";
import type { ManualClock } from "./manual-clock.ts";

export interface PassingOptions {
  /** The clock that is moved; undefined where somebody else moves it. */
  readonly clock: ManualClock | undefined;
  /** Changes with all that happens on the bus. */
  readonly state: () => string;
}

/** How time passes for a fake bus, and how everything happens that needs none. */
export class Passing {
  /** What failed, while nobody listened to `error`. */
  readonly unheard: Error[] = [];
  readonly #options: PassingOptions;
  #moving: Promise<void> = Promise.resolve();

  constructor(options: PassingOptions) {
    this.#options = options;
  }

  /** Moves on after the moves before, and rejects with what went unheard on the way. */
  async advance(ms: number): Promise<void> {
    const { clock } = this.#options;
    if (clock === undefined) throw new BusError("bad_option", "this fake bus was given a clock: move that one");
    if (checkMs("ms", ms) === Number.POSITIVE_INFINITY) throw new BusError("bad_option", "ms must be finite");
    const moving = this.#moving.then(async () => {
      await this.settled();
      for (const _ of clock.steps(ms)) await this.settled();
    });
    this.#moving = moving.catch(() => {}); // whoever called gets it
    return moving;
  }

  /** Waits until nothing changes any longer. Rejects with what went unheard. */
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

// Looked up once, since fake timers that are installed later would stop it.
const immediate = setImmediate;

/** A turn of the event loop, before which all is done that promises have queued, however much. */
function turn(): Promise<void> {
  return new Promise((resolve) => {
    immediate(resolve);
  });
}
