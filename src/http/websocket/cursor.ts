/**
 * The position of one socket: the larger of where it began and the newest id that it was given. A channel that is added later is read
 * from here, and nothing is given twice.
 */
export class Cursor {
  readonly #isRaised: boolean;
  #id = 0;
  /** The time at which a socket without a position began, by the monotonic clock. */
  #beganAt: number | undefined;

  /** Clients of version 16 raise the position with each subscription. Later ones set it once. */
  constructor(version: string | undefined) {
    this.#isRaised = version === undefined || version.startsWith("16");
  }

  /** The position; 0 for none. */
  get id(): number {
    return this.#id;
  }

  /** Returns true if a client's `last` would change the position. */
  heeds(last: number): boolean {
    return last > this.#id && (this.#isRaised || this.#id === 0);
  }

  /** Takes a client's `last`, which is no larger than the newest id. `now` is the time of the subscription. */
  hear(last: number, now: number): void {
    if (this.heeds(last)) this.#id = last;
    if (this.#id === 0) this.#beganAt ??= now;
  }

  /** Notes the newest id that the client was given. */
  give(id: number): void {
    if (id > this.#id) this.#id = id;
  }

  /** Returns the time since a socket without a position began, in ms. Rows since then belong to it. */
  ageAt(now: number): number {
    return this.#beganAt === undefined ? 0 : now - this.#beganAt;
  }
}
