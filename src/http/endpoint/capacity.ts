import { busy, mountClosed } from "./refusal.ts";

/**
 * Counts the requests that wait at a mount. Sends may take the places of readers, but readers take no places of sends,
 * so that news gets through.
 */
export class Capacity {
  readonly #most: number;
  readonly #others: () => number;
  #reading = 0;
  #sending = 0;
  #isClosed = false;

  /** `others` counts requests that are counted elsewhere: streams, and answers that clients have yet to take. */
  constructor(most: number, others: () => number) {
    this.#most = most;
    this.#others = others;
  }

  get size(): number {
    return this.#reading + this.#sending + this.#others();
  }

  /** Throws a Refusal if the mount is full or closed. */
  check(): void {
    this.checkOpen();
    if (this.size >= this.#most) throw busy("too many polls and streams are waiting, come back later");
  }

  /** Throws a Refusal if the mount is closed. */
  checkOpen(): void {
    if (this.#isClosed) throw mountClosed();
  }

  /** True once the mount refuses new readers. */
  get isClosed(): boolean {
    return this.#isClosed;
  }

  /** Takes a place, until `leave`. Throws a Refusal. */
  enter(): void {
    this.check();
    this.#reading += 1;
  }

  /** Refuses new readers from here on. */
  close(): void {
    this.#isClosed = true;
  }

  leave(): void {
    this.#reading -= 1;
  }

  /** Runs a send, which takes a place until it has settled. Throws a Refusal. */
  async sending<T>(send: () => Promise<T>): Promise<T> {
    if (this.#sending >= this.#most) throw busy("too many sends are under way, come back later");
    this.#sending += 1;
    try {
      return await send();
    } finally {
      this.#sending -= 1;
    }
  }
}
