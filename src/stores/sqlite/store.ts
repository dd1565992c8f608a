import { BusError } from "../../errors.ts";
import type { PendingRow, Store, StoreSink, Trimmed } from "../../store.ts";
import { Outage } from "../shared/outage.ts";
import { Trimmer } from "../shared/trimmer.ts";
import { commit, type Writer } from "./commits.ts";
import { Cursor } from "./cursor.ts";
import { failure, type OpenFile, openFile, outage, type Source } from "./open.ts";
import { writeWithin } from "./within.ts";

/** What there is once the file is open. */
interface Opened {
  readonly file: OpenFile;
  readonly sink: StoreSink;
  readonly cursor: Cursor;
  readonly trimmer: Trimmer;
}

/**
 * The store on SQLite. Committing and handing over happen in one turn of the event loop, so that nothing that others do is seen
 * in between.
 */
export class SqliteStore implements Store {
  readonly maxRows = 128;
  readonly maxBytes = Number.POSITIVE_INFINITY;
  readonly #source: Source;
  #isTaken = false;
  #opened: Opened | undefined;
  /** The first id of this process's epoch, if it has begun one. */
  #epoch: number | undefined;

  constructor(source: Source) {
    this.#source = source;
  }

  async open(sink: StoreSink): Promise<void> {
    if (this.#isTaken)
      throw new BusError("store", "this store serves another bus: share that bus, or make another store");
    this.#isTaken = true;
    const { clock } = sink;
    await openFile(this.#source, clock, async (file) => {
      const { tables, transactions } = file;
      const cursor = new Cursor(file, sink);
      await transactions.patiently(() => noteTakenAway(file));
      await transactions.patiently(() => cursor.start());
      const trimmer = new Trimmer({
        clock,
        trim(batch) {
          if (transactions.occupied) return false;
          transactions.write(() => tables.trim(batch));
          return true;
        },
        patiently: (work) => transactions.patiently(work),
        outage: new Outage((error) => sink.error(error), outage),
      });
      this.#opened = { file, sink, cursor, trimmer };
    });
  }

  async append(sends: readonly (readonly PendingRow[])[]): Promise<readonly (readonly number[])[]> {
    const { file, cursor } = this.#there();
    if (cursor.displaced !== undefined) throw cursor.displaced;
    try {
      return await file.transactions.patiently(() => {
        const { news, ours, ids, epoch } = file.transactions.write(() => ({
          news: cursor.news(file.tables.meta().last), // what others had committed before
          ...commit(file.tables, this.#writer(), sends),
        }));
        this.#epoch = epoch;
        if (news !== undefined) cursor.handOver(news);
        cursor.handOver(ours);
        return ids;
      });
    } catch (error) {
      throw failure("SQLite could not commit", error);
    }
  }

  async sync(): Promise<void> {
    const { file, cursor } = this.#there();
    try {
      await file.transactions.patiently(() => cursor.catchUp());
    } catch (error) {
      throw failure("SQLite could not read what was committed", error);
    }
  }

  within(transaction: unknown, send: readonly PendingRow[]): void {
    if (this.#opened === undefined) {
      throw new BusError(
        "store",
        "the bus is not open yet, and a transaction cannot wait for it: await bus.ready() first",
        {
          refused: true,
        },
      );
    }
    const { file, cursor } = this.#opened;
    if (cursor.displaced !== undefined) throw cursor.displaced;
    this.#epoch = writeWithin(transaction, file.db, this.#writer(), send);
    cursor.expect();
  }

  trim(trimmed: Trimmed): void {
    this.#there().trimmer.add(trimmed);
  }

  async close(): Promise<void> {
    const { file, cursor, trimmer } = this.#there();
    cursor.stop();
    try {
      await trimmer.finish().finally(() => file.close());
    } catch (error) {
      throw failure("SQLite could not tidy up while closing, and will at the next opening", error);
    }
  }

  #writer(): Writer {
    const { sink, cursor } = this.#there();
    return { clock: sink.clock, time: () => sink.time(), epoch: this.#epoch, seen: cursor.seen };
  }

  #there(): Opened {
    if (this.#opened === undefined) throw new Error("a store is used only after it has opened");
    return this.#opened;
  }
}

/** Lets a log begin behind rows that were taken away, before later watermarks hide that they are gone. */
function noteTakenAway({ tables, transactions }: OpenFile): void {
  if (transactions.read(() => tables.takenAway()) === undefined) return;
  transactions.write(() => {
    const id = tables.takenAway();
    if (id !== undefined) tables.beginAt(id);
  });
}
