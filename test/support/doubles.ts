import pDefer, { type DeferredPromise } from "p-defer";
import { BusError } from "../../src/errors.ts";
import type { PendingRow, Row, Store, StoreSink, Trimmed } from "../../src/store.ts";

/** A store that does as the test says, and notes what it was asked. */
export class StoreDouble implements Store {
  maxRows = Number.POSITIVE_INFINITY;
  maxBytes = Number.POSITIVE_INFINITY;
  sink!: StoreSink;
  /** The messages of each append, by send. */
  readonly appends: (readonly (readonly string[])[])[] = [];
  readonly trims: Trimmed[] = [];
  syncs = 0;
  closes = 0;
  /** Awaited on opening. */
  opening: Promise<void> = Promise.resolve();
  /** Awaited before each commit. */
  committing: (sends: readonly (readonly string[])[]) => Promise<void> | void = () => {};
  /** Awaited by each sync. */
  syncing: () => Promise<void> | void = () => {};
  #last = 1_000;

  async open(sink: StoreSink): Promise<void> {
    this.sink = sink;
    await this.opening;
    sink.reset({ begin: this.#last, last: this.#last, gaps: [], watermarks: [], floor: 0 });
  }

  async append(sends: readonly (readonly PendingRow[])[]): Promise<readonly (readonly number[])[]> {
    const messages = sends.map((send) => send.map(({ json }) => json));
    this.appends.push(messages);
    await this.committing(messages);
    return sends.map((send) => this.commit(send));
  }

  /** Commits a send, as another process would. */
  commit(send: readonly PendingRow[]): readonly number[] {
    const first = this.#last + 1;
    const rows = send.map((row, index): Row => ({ ...row, id: first + index, at: this.sink.clock.now(), send: first }));
    this.#last += send.length;
    this.sink.add(rows);
    return rows.map(({ id }) => id);
  }

  /** Loses everything and begins anew, as an engine may that was flushed. */
  restart(begin: number): void {
    this.#last = begin;
    this.sink.reset({ begin, last: begin, gaps: [], watermarks: [], floor: 0 });
  }

  /** Lets ids pass of which this process sees nothing. */
  skip(count: number): number {
    this.#last += count;
    return this.#last;
  }

  async sync(): Promise<void> {
    this.syncs += 1;
    await this.syncing();
  }

  trim(trimmed: Trimmed): void {
    this.trims.push(trimmed);
  }

  async close(): Promise<void> {
    this.closes += 1;
  }
}

/** A `store` error, as a store rejects with it. */
export function storeError(refused: boolean): BusError {
  return new BusError("store", refused ? "the disk is full" : "the answer was lost", { refused });
}

/** A gate that holds up who awaits it until it is opened. */
export function gate(): DeferredPromise<void> {
  return pDefer<void>();
}
