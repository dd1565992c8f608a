/** The most frames that may come at once. */
const BURST = 10;

/** The pause that each further frame needs, in ms. */
const PAUSE = 200;

/** The allowance of a client: ten frames at once, and one more each 0.2 s. */
export class Allowance {
  /** The time from which a whole burst is free, by the monotonic clock. */
  #freeAt = 0;

  /** Takes a frame. Returns false for one too many. */
  take(now: number): boolean {
    const freeAt = Math.max(this.#freeAt, now);
    if (freeAt - now > (BURST - 1) * PAUSE) return false;
    this.#freeAt = freeAt + PAUSE;
    return true;
  }
}
