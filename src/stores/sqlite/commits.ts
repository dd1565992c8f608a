import type { PendingRow, StoreSink } from "../../store.ts";
import type { Ids, Sends } from "../shared/given-ids.ts";
import type { Cursor } from "./cursor.ts";
import type { Feed } from "./feed.ts";
import type { OpenFile } from "./file.ts";
import { writeWithin } from "./within.ts";
import { type Writer, write } from "./write.ts";

/** The parts that commits on a file need. */
export interface CommitsOptions {
  readonly sink: StoreSink;
  readonly file: OpenFile;
  readonly cursor: Cursor;
  readonly feed: Feed;
}

/**
 * Commits the sends of this process. A commit and its handover share one turn of the event loop, so that nothing comes between.
 */
export class Commits {
  readonly #options: CommitsOptions;
  /** The first id of this process's epoch. Undefined before it has begun one. */
  #epoch: number | undefined;

  constructor(options: CommitsOptions) {
    this.#options = options;
  }

  /** Commits sends, hands them over, and resolves with their ids. Rejects with SQLite's error. */
  async append(sends: Sends): Promise<Ids> {
    const { cursor } = this.#options;
    const { tables, transactions } = this.#options.file;
    if (cursor.displaced !== undefined) throw cursor.displaced;
    return transactions.retry(() => {
      const { news, ours, ids, epoch } = transactions.write(() => ({
        news: cursor.news(tables.meta().last), // the commits of others before this one
        ...write(tables, this.#writer(), sends),
      }));
      this.#epoch = epoch;
      if (news !== undefined) cursor.handOver(news);
      cursor.handOver(ours);
      return ids;
    });
  }

  /** Writes a send into the application's own transaction. Throws `bad_transaction` or `store`. */
  within(transaction: unknown, send: readonly PendingRow[]): void {
    const { cursor, feed, file } = this.#options;
    if (cursor.displaced !== undefined) throw cursor.displaced;
    this.#epoch = writeWithin(transaction, file.db, this.#writer(), send);
    feed.expect();
  }

  #writer(): Writer {
    const { sink, cursor } = this.#options;
    return { clock: sink.clock, time: () => sink.time(), epoch: this.#epoch, seen: cursor.seen };
  }
}
