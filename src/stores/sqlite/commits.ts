import type { KeyBounds, KeyedOutcome, KeyedSend, PendingRow, StoreSink } from "../../store.ts";
import type { Clock } from "../../util/clock.ts";
import { noteGivenOut } from "../../util/ids.ts";
import { giveIds, type Ids, type Sends } from "../shared/given-ids.ts";
import { planOf } from "../shared/key-plan.ts";
import type { News } from "../shared/news.ts";
import type { Cursor } from "./cursor.ts";
import type { Feed } from "./feed.ts";
import type { OpenFile } from "./file.ts";
import { Keys } from "./keys.ts";
import type { Tables } from "./tables.ts";
import { writeWithin } from "./within.ts";

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
  /** The keys of sends. Undefined until one has a key. */
  #keys: Keys | undefined;

  constructor(options: CommitsOptions) {
    this.#options = options;
  }

  /** Commits sends, hands them over, and resolves with their ids. Rejects with SQLite's error. */
  async append(sends: Sends): Promise<Ids> {
    const { cursor } = this.#options;
    const { tables, transactions } = this.#options.file;
    return transactions.retry(() => {
      cursor.checkPlace();
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

  /** As `append`, for sends of which some have a key. Rejects with SQLite's error. */
  async appendKeyed(sends: readonly KeyedSend[], bounds: KeyBounds): Promise<readonly KeyedOutcome[]> {
    const { cursor, sink } = this.#options;
    const { db, tables, transactions } = this.#options.file;
    return transactions.retry(() => {
      cursor.checkPlace();
      let keys = this.#keys;
      const { news, written, outcomes } = transactions.write(() => {
        const { last, at } = tables.meta();
        keys ??= new Keys(db, (error) => sink.error(error));
        const now = Math.max(at, sink.time());
        const plan = planOf(sends, (name) => keys?.find(name, now, bounds));
        const found = cursor.news(last);
        if (plan.fresh.length === 0) return { news: found, written: undefined, outcomes: plan.outcomes([]) };
        const fresh = write(tables, this.#writer(), plan.fresh);
        keys.remember(plan.remembered(fresh.ids), now, bounds);
        return { news: found, written: fresh, outcomes: plan.outcomes(fresh.ids) };
      });
      this.#keys = keys; // a rollback would have taken its table back
      if (news !== undefined) cursor.handOver(news);
      if (written === undefined) return outcomes;
      this.#epoch = written.epoch;
      cursor.handOver(written.ours);
      return outcomes;
    });
  }

  /** Writes a send into the application's own transaction. Throws `bad_transaction` or `store`. */
  within(transaction: unknown, send: readonly PendingRow[]): void {
    const { cursor, feed, file } = this.#options;
    this.#epoch = writeWithin(transaction, file, (tables) => {
      cursor.checkPlace();
      return write(tables, this.#writer(), [send]).epoch;
    });
    feed.expect();
  }

  #writer(): Writer {
    const { sink, cursor } = this.#options;
    return { clock: sink.clock, time: () => sink.time(), epoch: this.#epoch, seen: cursor.seen };
  }
}

/** The process that commits. */
interface Writer {
  readonly clock: Clock;
  /** The time by which rows age, in ms. */
  readonly time: () => number;
  /** The first id of its epoch, perhaps from a transaction that was rolled back. Undefined before it has begun one. */
  readonly epoch: number | undefined;
  /** The newest id that it has handed over. */
  readonly seen: number;
}

/** The rows that a write added. */
interface Written {
  readonly ours: News;
  readonly ids: Ids;
  /** The first id of the epoch of these ids, as far as this process knows. */
  readonly epoch: number;
}

/** Gives ids to sends, and writes them, each whole. Inside a transaction that writes. */
function write(tables: Tables, writer: Writer, sends: Sends): Written {
  const { clock, time, epoch, seen } = writer;
  const { last, floor, ...meta } = tables.meta();
  const at = Math.max(meta.at, time());
  // A file that was restored from an older copy lacks ids that were handed over, and none of them is given again. After a
  // rollback the file's newest id lies below the epoch, unless another process has begun an epoch since.
  const goesOn = epoch !== undefined && last >= Math.max(epoch, seen);
  const first = goesOn ? last + 1 : Math.max(last + 1, seen + 1, clock.base());
  const gaps = first > last + 1 ? [{ after: last, before: first }] : [];
  for (const gap of gaps) tables.beginEpoch(gap);
  const { ids, rows, last: newest } = giveIds(sends, { first, at });
  for (const row of rows) tables.insert(row);
  tables.setLast(newest, at);
  noteGivenOut(newest);
  return { ids, epoch: goesOn ? epoch : first, ours: { last: newest, floor, gaps, rows, watermarks: undefined } };
}
