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
  // All places share this function, since each poll makes a place.
  readonly #count = (step: 1 | -1): void => {
    this.#reading += step;
  };

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

  /** Returns the place of a request, which it has yet to take. */
  place(): Place {
    return new Place(this, this.#count);
  }

  /** Refuses new readers from here on. */
  close(): void {
    this.#isClosed = true;
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

/** The place of one request among those that wait. */
export class Place {
  readonly #capacity: Capacity;
  readonly #count: (step: 1 | -1) => void;
  #isTaken = false;

  /** `count` adds to the requests that wait. */
  constructor(capacity: Capacity, count: (step: 1 | -1) => void) {
    this.#capacity = capacity;
    this.#count = count;
  }

  /** Takes the place, or keeps it. Throws a Refusal if the mount is closed, or full for a request without a place. */
  take(): void {
    if (this.#isTaken) {
      this.#capacity.checkOpen();
      return;
    }
    this.#capacity.check();
    this.#count(1);
    this.#isTaken = true;
  }

  /** Gives the place back, if it was taken. */
  leave(): void {
    if (this.#isTaken) this.#count(-1);
    this.#isTaken = false;
  }
}
