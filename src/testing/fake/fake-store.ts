import { BusError } from "../../errors.ts";
import { type Channel, channelOf, type Notification } from "../../notification.ts";
import type { PendingRow, Row, Store, StoreSink } from "../../store.ts";
import { noPace } from "../../stores/memory/pace.ts";
import { memory } from "../../stores/memory.ts";

/** How far the ids of one life of the bus lie above those of the one before. */
const LIFE = 1_000_000;

/** The store of a bus without one, which a test can look into, and whose failures it decides. */
export class FakeStore implements Store {
  readonly maxRows = Number.POSITIVE_INFINITY;
  readonly maxBytes = Number.POSITIVE_INFINITY;
  /** What was sent, in order; not what was received. */
  readonly sent: Notification[] = [];
  /** Told of each of them, once it is committed. */
  onSent: (sent: Notification) => void = () => {};
  /** Where a new life of the bus begins, where the clock does not say. */
  base = 0;
  #memory = memory(noPace);
  #sink!: StoreSink;
  readonly #failures = new Map<string, unknown>();
  /** The newest id on each channel, and of all. */
  readonly #newest = new Map<string, number>();
  #last = 0;
  #isSending = false;

  async open(sink: StoreSink): Promise<void> {
    const note = (row: Row): void => {
      this.#newest.set(row.key, row.id);
      this.#last = row.id;
      if (this.#isSending) this.#note(row);
    };
    this.#sink = {
      clock: sink.clock,
      time: () => sink.time(),
      reset: (state) => sink.reset(state),
      beginEpoch: (gap) => sink.beginEpoch(gap),
      forget: (unseen) => sink.forget(unseen),
      error: (error) => sink.error(error),
      commit(rows) {
        for (const row of rows) note(row);
        sink.commit(rows);
      },
    };
    await this.#memory.open(this.#sink);
  }

  async append(sends: readonly (readonly PendingRow[])[]): Promise<readonly (readonly number[])[]> {
    for (const { key } of sends.flat()) this.#check(key);
    this.#isSending = true;
    const ids = this.#memory.append(sends); // it commits during the call
    this.#isSending = false;
    return ids;
  }

  /** Takes anything for a transaction that commits at once. */
  within(_transaction: unknown, send: readonly PendingRow[]): void {
    for (const { key } of send) this.#check(key);
    this.#isSending = true;
    void this.#memory.append([send]); // it commits during the call, and never rejects
    this.#isSending = false;
  }

  async sync(): Promise<void> {}

  async close(): Promise<void> {}

  /** Commits rows that are not `sent`, as if another process had done it. */
  receive(rows: readonly PendingRow[]): void {
    void this.#memory.append([rows]); // it commits during the call, and never rejects
  }

  /** Refuses what is sent on this channel from now on. */
  fail(key: string, cause: unknown): void {
    this.#failures.set(key, cause);
  }

  /** Ends the failures of this channel, or of all. */
  heal(key?: string): void {
    if (key === undefined) this.#failures.clear();
    else this.#failures.delete(key);
  }

  /** Trims everything on this channel. */
  trimChannel(key: string): void {
    const newest = this.#newest.get(key);
    if (newest === undefined) return;
    this.#sink.forget({ last: this.#last, watermarks: [[key, newest]], floor: 0 });
  }

  /** Loses everything and begins anew, at the next million. */
  restart(): void {
    this.#begin(LIFE * (1 + Math.floor(Math.max(this.base, this.#last) / LIFE)));
  }

  /** As new, with ids from 1. */
  reset(): void {
    this.sent.length = 0;
    this.#failures.clear();
    this.#begin(0);
  }

  #begin(base: number): void {
    this.base = base;
    this.#last = base;
    this.#newest.clear();
    this.#memory = memory(noPace);
    void this.#memory.open(this.#sink); // it opens during the call, and never rejects
  }

  #check(key: string): void {
    if (!this.#failures.has(key)) return;
    const cause = this.#failures.get(key);
    const text = cause instanceof Error ? cause.message : String(cause);
    throw new BusError("store", `sends on ${key} fail until they are healed: ${text}`, { cause, refused: true });
  }

  #note({ id, key, json }: Row): void {
    const channel: Channel = channelOf(key);
    const sent = deepFreeze({ id, channel: channel as string, message: JSON.parse(json) as unknown }); // of any channel
    this.sent.push(sent);
    this.onSent(sent);
  }
}

/** Freezes a value of JSON and all that is in it. */
export function deepFreeze<T>(value: T): T {
  if (typeof value !== "object" || value === null || Object.isFrozen(value)) return value;
  for (const part of Object.values(value)) deepFreeze(part);
  return Object.freeze(value);
}
