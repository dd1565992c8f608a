import { later } from "../util/later.ts";
import { SLICE } from "./slice.ts";

/** The readers that wait for a later turn. */
export interface Rest {
  isWaiting(): boolean;
  /** Serves at most so many of them. */
  serve(most: number): void;
}

/** The turns of the event loop in which a crowd is served. Each turn has room for `SLICE` readers. */
export class Turns {
  readonly #rest: Rest;
  #left = SLICE;
  #isComing = false;

  constructor(rest: Rest) {
    this.#rest = rest;
  }

  /** The number of readers that may still be served in this turn. */
  get left(): number {
    return this.#left;
  }

  /** Counts readers that were served in this turn. A flush serves more than a turn has room for. */
  spend(count: number): void {
    this.#left = Math.max(0, this.#left - count);
  }

  /** Asks for a turn if readers wait for it, or if half of the room in this one is spent. */
  ask(): void {
    if (this.#isComing || (this.#left >= SLICE / 2 && !this.#rest.isWaiting())) return;
    this.#isComing = true;
    later(() => {
      this.#isComing = false;
      this.#left = SLICE;
      if (this.#rest.isWaiting()) this.#rest.serve(SLICE);
      this.ask();
    });
  }
}
