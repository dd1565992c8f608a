import { diagnostics } from "./diagnostics.ts";

/** The work of a bus since its beginning. All numbers only grow, except `streams`, `sockets` and `unsent`. */
interface Done {
  /**
   * Sends of this process that were committed. Sends within the application's transactions are not counted, nor are sends
   * whose key was known. One that another process has just committed under the same key may count here, too.
   */
  readonly sends: number;
  /** Commits that carried these sends. Sends that are made together share a commit. */
  readonly commits: number;
  /** The store's time for these commits, in ms. */
  readonly commitMs: number;
  /** Polls, streams and WebSockets that news woke. */
  readonly wakes: number;
  /** Event streams that are open, of all mounts. */
  readonly streams: number;
  /** WebSockets that are open, of all mounts. */
  readonly sockets: number;
  /** Frames of WebSockets that said nothing a client may say. The sockets stay open, unless the protocol itself was broken. */
  readonly badFrames: number;
  /** Size of answers and streams that clients have yet to take, of all mounts: bytes, or UTF-16 units of answers in pieces. Shared sizes count once. */
  readonly unsent: number;
  /** Notifications that were retained and no longer are. */
  readonly trims: number;
}

/** The sizes of what a bus holds. */
export interface Held {
  /** Notifications that are retained. */
  readonly rows: number;
  /** The text of these notifications and their channels, in UTF-16 units. */
  readonly bytes: number;
  /** Channels that have notifications or waiting readers. */
  readonly channels: number;
  /** Parked polls. */
  readonly waiters: number;
  /**
   * The lead of the newest id over the clock at which another epoch would begin, in ms. Sends pause above 10. A store
   * keeps the newest id, so the lead is 0 with a store.
   */
  readonly lead: number;
}

/** The sizes and the work of a bus as plain numbers. */
export type BusCounts = Held & Done;

/** Counts the work of a bus, and publishes it on diagnostics channels that have subscribers. */
export class Meter {
  readonly #bus: object;
  #sends = 0;
  #commits = 0;
  #commitMs = 0;
  #wakes = 0;
  #streams = 0;
  #sockets = 0;
  #badFrames = 0;
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
      sockets: this.#sockets,
      badFrames: this.#badFrames,
      unsent: this.#unsent,
      trims: this.#trims,
    };
  }

  /** Notes that a send joined the queue. */
  countSend(rows: number): void {
    const told = diagnostics["nightbus:send"];
    if (told.hasSubscribers) told.publish({ bus: this.#bus, rows });
  }

  /** Notes that sends were committed. */
  countCommit(sends: readonly (readonly unknown[])[], ms: number): void {
    this.#sends += sends.length;
    this.#commits += 1;
    this.#commitMs += ms;
    const told = diagnostics["nightbus:commit"];
    if (!told.hasSubscribers) return;
    const rows = sends.reduce((sum, send) => sum + send.length, 0);
    told.publish({ bus: this.#bus, sends: sends.length, rows, ms });
  }

  /** Notes that readers were woken. */
  countWake(polls: number, streams: number): void {
    if (polls + streams === 0) return;
    this.#wakes += polls + streams;
    const told = diagnostics["nightbus:wake"];
    if (told.hasSubscribers) told.publish({ bus: this.#bus, polls, streams });
  }

  /** Notes that a poll was answered, or parked if there is no answer. */
  countPoll(
    keys: readonly string[],
    answer: { readonly rows: readonly unknown[]; readonly missed: boolean } | undefined,
  ): void {
    const told = diagnostics["nightbus:poll"];
    if (!told.hasSubscribers) return;
    const [rows, missed] = [answer?.rows.length ?? 0, answer?.missed ?? false];
    told.publish({ bus: this.#bus, channels: keys.length, rows, missed, parked: answer === undefined });
  }

  /** Notes that a stream opened or ended. */
  countStream(change: 1 | -1): void {
    this.#streams += change;
    const told = diagnostics["nightbus:stream"];
    if (told.hasSubscribers) told.publish({ bus: this.#bus, change, streams: this.#streams });
  }

  /** Notes that a WebSocket opened or closed. */
  countSocket(change: 1 | -1): void {
    this.#sockets += change;
    const told = diagnostics["nightbus:socket"];
    if (told.hasSubscribers) told.publish({ bus: this.#bus, change, sockets: this.#sockets });
  }

  /** Notes a frame that said nothing a client may say. */
  countBadFrame(): void {
    this.#badFrames += 1;
  }

  /** Notes that clients have this many bytes more, or fewer, to take. */
  addUnsent(change: number): void {
    this.#unsent += change;
  }

  /** Notes that a consumer comes near to the edge of the retention. */
  publishBehind({
    name,
    behind,
    edge,
  }: {
    readonly name: string;
    readonly behind: number;
    readonly edge: number;
  }): void {
    const told = diagnostics["nightbus:behind"];
    if (told.hasSubscribers) told.publish({ bus: this.#bus, name, behind, edge });
  }

  /** Notes how many rows were trimmed in all. */
  setTrimmed(all: number): void {
    const rows = all - this.#trims;
    if (rows === 0) return;
    this.#trims = all;
    const told = diagnostics["nightbus:trim"];
    if (told.hasSubscribers) told.publish({ bus: this.#bus, rows });
  }

  /** Notes a failure. */
  publishError(error: Error): void {
    const told = diagnostics["nightbus:error"];
    if (told.hasSubscribers) told.publish({ bus: this.#bus, error });
  }
}
