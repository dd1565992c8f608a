import { busy } from "./refusal.ts";
import type { BodyLimits, Coming } from "./request.ts";
import type { Waits } from "./waits.ts";

/** The bounds of the bodies of a mount. */
export interface BodyDeadlinesOptions {
  readonly waits: Waits;
  readonly maxBody: number;
  /** The longest time in which a body must arrive, in ms. */
  readonly bodyTimeout: number;
  /** The most bodies that arrive at one time. */
  readonly maxWaiting: number;
}

/** The deadlines of the bodies that a mount is reading. */
export class BodyDeadlines implements BodyLimits {
  readonly maxBody: number;
  readonly #options: BodyDeadlinesOptions;
  #size = 0;

  constructor(options: BodyDeadlinesOptions) {
    this.maxBody = options.maxBody;
    this.#options = options;
  }

  /** Throws a Refusal if more bodies are arriving than may wait. */
  check(): void {
    if (this.#size > this.#options.maxWaiting) throw busy("too many bodies are on their way, come back later");
  }

  coming(late: () => void): Coming {
    this.#size += 1;
    const { waits, bodyTimeout } = this.#options;
    return waits.begin(bodyTimeout, () => {
      this.#size -= 1;
      late();
    });
  }

  came(coming: Coming): void {
    if (coming.bucket === undefined) return; // the deadline has passed
    this.#size -= 1;
    this.#options.waits.end(coming);
  }
}
