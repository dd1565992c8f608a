import { diagnostics } from "./diagnostics.ts";

/** The work of a bus since it was made. The numbers only grow, but for `streams` and `unsent`. */
interface Done {
  /** Sends of this process that were committed, without those within a transaction of the application's. */
  readonly sends: number;
  /** Commits that carried them: sends that are made together share one. */
  readonly commits: number;
  /** How long the store took for these commits, together, in ms. */
  readonly commitMs: number;
  /** Polls and streams that were woken by something new. */
  readonly wakes: number;
  /** Event streams that are open, of all mounts. */
  readonly streams: number;
  /** Bytes of answers and streams that clients have yet to take, of all mounts; what several are sent counts once. */
  readonly unsent: number;
  /** Notifications that were retained once, and are no longer. */
  readonly trims: number;
}

/** What a bus holds. */
export interface Held {
  /** Notifications that are retained. */
  readonly rows: number;
  /** Their text, with that of their channels, in UTF-16 units. */
  readonly bytes: number;
  /** Channels that have some, or are waited on. */
  readonly channels: number;
  /** Parked polls. */
  readonly waiters: number;
  /**
   * The lead of the newest id over the clock at which another life would begin, in ms. Sends pause rather than go above 10.
   * Always 0 with a store, which keeps the newest id.
   */
  readonly lead: number;
}

/** What a bus holds and has done, as plain numbers, for whatever collects metrics. */
export type BusStats = Held & Done;

/** Counts what a bus does, and publishes it where somebody listens. */
export class Meter {
  readonly #bus: object;
  #sends = 0;
  #commits = 0;
  #commitMs = 0;
  #wakes = 0;
  #streams = 0;
  #unsent = 0;
  #trims = 0;

  constructor(bus: object) {
    this.#bus = bus;
  }

  get done(): Done {
    return {
      sends: this.#sends,
      commits: this.#commits,
      commitMs: this.#commitMs,
      wakes: this.#wakes,
      streams: this.#streams,
      unsent: this.#unsent,
      trims: this.#trims,
    };
  }

  /** A send was queued. */
  queued(rows: number): void {
    const told = diagnostics["nightbus:send"];
    if (told.hasSubscribers) told.publish({ bus: this.#bus, rows });
  }

  /** Sends were committed. */
  committed(sends: readonly (readonly unknown[])[], ms: number): void {
    this.#sends += sends.length;
    this.#commits += 1;
    this.#commitMs += ms;
    const told = diagnostics["nightbus:commit"];
    if (!told.hasSubscribers) return;
    const rows = sends.reduce((sum, send) => sum + send.length, 0);
    told.publish({ bus: this.#bus, sends: sends.length, rows, ms });
  }

  /** Readers were woken. */
  woke(polls: number, streams: number): void {
    if (polls + streams === 0) return;
    this.#wakes += polls + streams;
    const told = diagnostics["nightbus:wake"];
    if (told.hasSubscribers) told.publish({ bus: this.#bus, polls, streams });
  }

  /** A poll was answered, or parked for there was no answer. */
  polled(
    keys: readonly string[],
    answer: { readonly rows: readonly unknown[]; readonly missed: boolean } | undefined,
  ): void {
    const told = diagnostics["nightbus:poll"];
    if (!told.hasSubscribers) return;
    const [rows, missed] = [answer?.rows.length ?? 0, answer?.missed ?? false];
    told.publish({ bus: this.#bus, channels: keys.length, rows, missed, parked: answer === undefined });
  }

  /** A stream was opened, or has ended. */
  streamed(change: 1 | -1): void {
    this.#streams += change;
    const told = diagnostics["nightbus:stream"];
    if (told.hasSubscribers) told.publish({ bus: this.#bus, change, streams: this.#streams });
  }

  /** So many bytes more, or fewer, wait for clients to take them. */
  held(change: number): void {
    this.#unsent += change;
  }

  /** So many rows were trimmed in all. */
  trimmed(all: number): void {
    const rows = all - this.#trims;
    if (rows === 0) return;
    this.#trims = all;
    const told = diagnostics["nightbus:trim"];
    if (told.hasSubscribers) told.publish({ bus: this.#bus, rows });
  }

  /** Something failed. */
  failed(error: Error): void {
    const told = diagnostics["nightbus:error"];
    if (told.hasSubscribers) told.publish({ bus: this.#bus, error });
  }
}
