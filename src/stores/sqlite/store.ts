import { BusError } from "../../errors.ts";
import type {
  KeyBounds,
  KeyedOutcome,
  KeyedSend,
  PendingRow,
  Positions,
  Store,
  StoreSink,
  Trimmed,
} from "../../store.ts";
import type { Ids, Sends } from "../shared/given-ids.ts";
import { notOpen, servesAnother } from "../shared/remote-store.ts";
import { WorkFailure } from "../shared/work.ts";
import { failure } from "./failures.ts";
import type { Source } from "./file.ts";
import { openSqlite, type SqliteLog } from "./open.ts";

/** The store on SQLite. Rows age by the clock of the bus, since SQLite has none. */
export class SqliteStore implements Store {
  readonly maxRows = 128;
  readonly maxBytes = Number.POSITIVE_INFINITY;
  readonly positions: Positions = {
    list: () => this.#do("could not read the positions", ({ positions }) => positions.list()),
    read: (name) => this.#do("could not read a position", ({ positions }) => positions.read(name)),
    replace: (name, version, state) =>
      this.#do("could not write a position", ({ positions }) => positions.replace(name, version, state)),
    within: {
      isSynchronous: true,
      run: (change, work) => this.#do("could not move a position", ({ positions }) => positions.within(change, work)),
    },
  };
  readonly #source: Source;
  #isTaken = false;
  #log: SqliteLog | undefined;

  constructor(source: Source) {
    this.#source = source;
  }

  async open(sink: StoreSink): Promise<void> {
    if (this.#isTaken) throw servesAnother();
    this.#isTaken = true;
    this.#log = await openSqlite(this.#source, sink);
  }

  append(sends: Sends): Promise<Ids> {
    return this.#do("could not commit", ({ commits }) => commits.append(sends));
  }

  appendKeyed(sends: readonly KeyedSend[], bounds: KeyBounds): Promise<readonly KeyedOutcome[]> {
    return this.#do("could not commit", ({ commits }) => commits.appendKeyed(sends, bounds));
  }

  async sync(): Promise<void> {
    await this.#do("could not read what was committed", ({ catchUp }) => catchUp());
  }

  /** A transaction of SQLite lies within one call. */
  readonly writesDuringCall = true;

  within(transaction: unknown, send: readonly PendingRow[]): void {
    if (this.#log === undefined) {
      const sentence = "the bus is not open yet, and a transaction cannot wait for it: await bus.ready() first";
      throw new BusError("store", sentence, { refused: true });
    }
    this.#log.commits.within(transaction, send);
  }

  trim(trimmed: Trimmed): void {
    this.#there().trimmer.add(trimmed);
  }

  close(): Promise<void> {
    return this.#do("could not tidy up while closing, and will at the next opening", ({ close }) => close());
  }

  async #do<T>(failing: string, work: (log: SqliteLog) => Promise<T>): Promise<T> {
    const log = this.#there();
    try {
      return await work(log);
    } catch (error) {
      if (error instanceof WorkFailure) throw error.cause;
      throw failure(`SQLite ${failing}`, error);
    }
  }

  #there(): SqliteLog {
    if (this.#log === undefined) throw notOpen();
    return this.#log;
  }
}
