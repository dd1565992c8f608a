import { BusError } from "../../errors.ts";
import type { PendingRow, Store, StoreSink, Trimmed } from "../../store.ts";
import { Trimmer } from "../shared/trimmer.ts";
import { Trouble } from "../shared/trouble.ts";
import { commit, type Writer } from "./commit.ts";
import { failure, type OpenFile, openFile, type Source, trouble } from "./file.ts";
import { Follower } from "./follower.ts";
import { writeWithin } from "./within.ts";

/** What there is once the file is open. */
interface Opened {
  readonly file: OpenFile;
  readonly sink: StoreSink;
  readonly follower: Follower;
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
      const follower = new Follower(file, sink);
      await transactions.patiently(() => noteTakenAway(file));
      await transactions.patiently(() => follower.start());
      const trimmer = new Trimmer({
        clock,
        trim(batch) {
          if (transactions.occupied) return false;
          transactions.write(() => tables.trim(batch));
          return true;
        },
        patiently: (work) => transactions.patiently(work),
        trouble: new Trouble((error) => sink.error(error), trouble),
      });
      this.#opened = { file, sink, follower, trimmer };
    });
  }

  async append(sends: readonly (readonly PendingRow[])[]): Promise<readonly (readonly number[])[]> {
    const { file, follower } = this.#there();
    if (follower.displaced !== undefined) throw follower.displaced;
    try {
      return await file.transactions.patiently(() => {
        const { news, ours, ids, epoch } = file.transactions.write(() => ({
          news: follower.news(file.tables.meta().last), // what others had committed before
          ...commit(file.tables, this.#writer(), sends),
        }));
        this.#epoch = epoch;
        if (news !== undefined) follower.handOver(news);
        follower.handOver(ours);
        return ids;
      });
    } catch (error) {
      throw failure("SQLite could not commit", error);
    }
  }

  async sync(): Promise<void> {
    const { file, follower } = this.#there();
    try {
      await file.transactions.patiently(() => follower.catchUp());
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
    const { file, follower } = this.#opened;
    if (follower.displaced !== undefined) throw follower.displaced;
    this.#epoch = writeWithin(transaction, file.db, this.#writer(), send);
    follower.expect();
  }

  trim(trimmed: Trimmed): void {
    this.#there().trimmer.add(trimmed);
  }

  async close(): Promise<void> {
    const { file, follower, trimmer } = this.#there();
    follower.stop();
    try {
      await trimmer.finish().finally(() => file.close());
    } catch (error) {
      throw failure("SQLite could not tidy up while closing, and will at the next opening", error);
    }
  }

  #writer(): Writer {
    const { sink, follower } = this.#there();
    return { clock: sink.clock, time: () => sink.time(), epoch: this.#epoch, seen: follower.seen };
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
