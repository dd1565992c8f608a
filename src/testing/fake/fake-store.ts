import { BusError, isError } from "../../errors.ts";
import { type Channel, channelOf, type Notification } from "../../notification.ts";
import { NODES_KEY } from "../../presence/channels.ts";
import type { KeyBounds, KeyedOutcome, KeyedSend, PendingRow, Row, Store, StoreSink } from "../../store.ts";
import { noPace } from "../../stores/memory/pace.ts";
import { memory } from "../../stores/memory.ts";
import type { Clock } from "../../util/clock.ts";
import { FakePositions } from "./fake-positions.ts";

/** The distance of the ids of two epochs. */
const LIFE = 1_000_000;

/** The store of a fake bus. Tests look into it and make it fail. */
export class FakeStore implements Store {
  readonly maxRows = Number.POSITIVE_INFINITY;
  readonly maxBytes = Number.POSITIVE_INFINITY;
  /** The sent entries, in order. Received rows are not among them. */
  readonly sent: Notification[] = [];
  /** Called for each sent entry after its commit. */
  onSent: (sent: Notification) => void = () => {};
  /** The least id of a new epoch. The clock may state a larger one. */
  base = 0;
  /** The positions of consumers. Sends within their transactions wait for the commit. */
  readonly positions = new FakePositions((sends) => {
    for (const send of sends) this.#commit(send);
  });
  #memory = memory(noPace);
  #sink!: StoreSink;
  readonly #failures = new Map<string, unknown>();
  /** The newest id on each channel, and of all. */
  readonly #newest = new Map<string, number>();
  #last = 0;
  /** True while the next rows are of a send. */
  #isSending = false;

  async open(sink: StoreSink): Promise<void> {
    const note = (row: Row): void => {
      this.#newest.set(row.key, row.id);
      this.#last = row.id;
      if (this.#isSending) this.#note(row);
    };
    this.#sink = {
      clock: this.#aheadOf(sink.clock),
      time: () => sink.time(),
      reset: (state) => sink.reset(state),
      beginEpoch: (gap) => sink.beginEpoch(gap),
      noteTrims: (unseen) => sink.noteTrims(unseen),
      error: (error) => sink.error(error),
      add: (rows) => {
        for (const row of rows) note(row);
        this.#isSending = false; // listeners may receive
        sink.add(rows);
      },
    };
    await this.#memory.open(this.#sink);
  }

  async append(sends: readonly (readonly PendingRow[])[]): Promise<readonly (readonly number[])[]> {
    for (const { key } of sends.flat()) this.#check(key);
    this.#isSending = true;
    const ids = this.#memory.append(sends); // the commit happens during the call
    this.#isSending = false;
    return ids;
  }

  async appendKeyed(sends: readonly KeyedSend[], bounds: KeyBounds): Promise<readonly KeyedOutcome[]> {
    for (const { key } of sends.flatMap(({ rows }) => rows)) this.#check(key);
    this.#isSending = true;
    const outcomes = this.#memory.appendKeyed!(sends, bounds); // the memory has it, and commits during the call
    this.#isSending = false;
    return outcomes;
  }

  /** Takes any value for a transaction that commits at once, except that of a consumer. */
  within(transaction: unknown, send: readonly PendingRow[]): void {
    for (const { key } of send) this.#check(key);
    if (!this.positions.joins(transaction, send)) this.#commit(send);
  }

  async sync(): Promise<void> {}

  async close(): Promise<void> {}

  /** Commits rows that are not `sent`, as if another process had sent them. */
  receive(rows: readonly PendingRow[]): void {
    void this.#memory.append([rows]); // the commit happens during the call, and never rejects
  }

  /** Refuses sends on this channel from now on. */
  fail(key: string, cause: unknown): void {
    this.#failures.set(key, cause);
  }

  /** Ends the failures of this channel, or of all. */
  heal(key?: string): void {
    if (key === undefined) {
      this.#failures.clear();
      this.positions.heal();
    } else this.#failures.delete(key);
  }

  /** Trims everything on this channel. */
  trimChannel(key: string): void {
    const newest = this.#newest.get(key);
    if (newest === undefined) return;
    this.#sink.noteTrims({ last: this.#last, watermarks: [[key, newest]], floor: 0 });
  }

  /** Loses everything, and begins an epoch at the next million. */
  restart(): void {
    this.#begin(LIFE * (1 + Math.floor(Math.max(this.base, this.#last) / LIFE)));
  }

  /** Makes the store as new, with ids from 1. */
  reset(): void {
    this.sent.length = 0;
    this.#failures.clear();
    this.positions.reset();
    this.#begin(0);
  }

  #commit(send: readonly PendingRow[]): void {
    this.#isSending = true;
    void this.#memory.append([send]); // the commit happens during the call, and never rejects
    this.#isSending = false;
  }

  /** Returns the clock with epochs that begin where the store says, or later. */
  #aheadOf(clock: Clock): Clock {
    return {
      ...(clock.grain !== undefined && { grain: clock.grain }),
      now: () => clock.now(),
      monotonic: () => clock.monotonic(),
      base: () => Math.max(clock.base(), this.base),
      setTimeout: (callback, ms) => clock.setTimeout(callback, ms),
      clearTimeout: (timer) => clock.clearTimeout(timer),
    };
  }

  #begin(base: number): void {
    this.base = base;
    this.#last = base;
    this.#newest.clear();
    this.#memory = memory(noPace);
    void this.#memory.open(this.#sink); // opening happens during the call, and never rejects
  }

  #check(key: string): void {
    if (!this.#failures.has(key)) return;
    const cause = this.#failures.get(key);
    const text = isError(cause) ? cause.message : String(cause);
    throw new BusError("store", `sends on ${key} fail until they are healed: ${text}`, { cause, refused: true });
  }

  #note({ id, key, json }: Row): void {
    if (key === NODES_KEY) return; // only nodes read these rows
    const channel: Channel = channelOf(key);
    const sent = deepFreeze({ id, channel: channel as string, message: JSON.parse(json) as unknown }); // of any channel
    this.sent.push(sent);
    this.onSent(sent);
  }
}

/** Freezes a JSON value and everything in it. */
export function deepFreeze<T>(value: T): T {
  if (typeof value !== "object" || value === null || Object.isFrozen(value)) return value;
  for (const part of Object.values(value)) deepFreeze(part);
  return Object.freeze(value);
}
