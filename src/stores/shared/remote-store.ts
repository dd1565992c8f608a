import { BusError } from "../../errors.ts";
import type { PendingRow, Positions, PositionsWithin, Store, StoreSink, Trimmed } from "../../store.ts";
import type { Clock } from "../../util/clock.ts";
import type { EngineTime } from "./engine-time.ts";
import type { Ids, Sends } from "./given-ids.ts";
import { awake } from "./retry.ts";
import type { Trimmer } from "./trimmer.ts";
import { WorkFailure } from "./work.ts";

/** An open log on an engine. Its calls reject with the engine's error. */
export interface OpenLog {
  readonly clock: Clock;
  readonly time: EngineTime;
  readonly trimmer: Trimmer;
  /** Commits sends, hands them over, and resolves with their ids. */
  readonly append: (sends: Sends) => Promise<Ids>;
  /** As `append`, for sends of which some have a key. Absent if the engine remembers no keys. */
  readonly appendKeyed?: NonNullable<Store["appendKeyed"]>;
  /** The positions of consumers. Rejects with a `WorkFailure` if the work in a transaction fails. Absent if the engine keeps none. */
  readonly positions?: Positions;
  /** Hands over all commits before the call, with retries. */
  readonly catchUp: () => Promise<void>;
  /** Trims the rest, and ends everything. */
  readonly close: () => Promise<void>;
}

/** An engine that other processes share over a network. */
export interface RemoteEngine<Log extends OpenLog> {
  /** The engine's name, for sentences. */
  readonly name: string;
  /** The most rows of one append, unless one send is larger. */
  readonly maxRows: number;
  /** The most bytes of one append. The log is undefined before it is open. */
  readonly maxBytes: (log: Log | undefined) => number;
  /** Connects, makes what is missing, and replays the log. Rejects with `store`, and then holds nothing open. */
  readonly open: (sink: StoreSink) => Promise<Log>;
  /** Makes a `store` error of an engine's error. */
  readonly failure: (sentence: string, error: unknown) => BusError;
  /** Writes a send into a transaction of the application. Absent if the engine has no transactions. */
  readonly within?: (log: () => Promise<Log>, transaction: unknown, send: readonly PendingRow[]) => Promise<void>;
  /** True if its logs remember keys. */
  readonly remembersKeys?: boolean;
  /** The positions of its logs: `alone`, or `within` transactions too. Absent if its logs keep none. */
  readonly positions?: "alone" | "within";
}

/** The store on any engine across a network. A call under way keeps the process alive. */
export class RemoteStore<Log extends OpenLog> implements Store {
  readonly maxRows: number;
  readonly within?: NonNullable<Store["within"]>;
  readonly appendKeyed?: NonNullable<Store["appendKeyed"]>;
  readonly positions?: Positions;
  readonly #engine: RemoteEngine<Log>;
  #opening: Promise<Log> | undefined;
  #log: Log | undefined;
  #isClosed = false;

  constructor(engine: RemoteEngine<Log>) {
    this.#engine = engine;
    this.maxRows = engine.maxRows;
    const { within, remembersKeys = false, positions } = engine;
    if (positions !== undefined) this.positions = this.#positions(positions);
    if (remembersKeys) {
      this.appendKeyed = (sends, bounds) =>
        this.#do("could not commit", ({ appendKeyed }) => appendKeyed!(sends, bounds)); // such a log has it
    }
    if (within !== undefined) {
      this.within = async (transaction, send) => within(() => this.#soon(), transaction, send);
    }
  }

  get maxBytes(): number {
    return this.#engine.maxBytes(this.#log);
  }

  async open(sink: StoreSink): Promise<void> {
    if (this.#opening !== undefined) throw servesAnother();
    this.#opening = awake(sink.clock, () => this.#engine.open(sink));
    this.#log = await this.#opening;
  }

  now(): number {
    return this.#there().time.now();
  }

  append(sends: Sends): Promise<Ids> {
    return this.#do("could not commit", ({ append }) => append(sends));
  }

  sync(): Promise<void> {
    return this.#do("could not read what was committed", ({ catchUp }) => catchUp());
  }

  trim(trimmed: Trimmed): void {
    this.#there().trimmer.add(trimmed);
  }

  close(): Promise<void> {
    this.#isClosed = true;
    return this.#do("could not tidy up while closing, and will at the next opening", ({ close }) => close());
  }

  #positions(kind: "alone" | "within"): Positions {
    const within: PositionsWithin = {
      isSynchronous: false,
      run: (change, work) => this.#move((positions) => positions.within!.run(change, work)), // such a log has it
    };
    return {
      list: () => this.#do("could not read positions", ({ positions }) => this.#open(positions).list()),
      read: (name) => this.#do("could not read a position", ({ positions }) => this.#open(positions).read(name)),
      replace: (...change) => this.#move((positions) => positions.replace(...change)),
      ...(kind === "within" && { within }),
    };
  }

  async #move<T>(work: (positions: Positions) => Promise<T>): Promise<T> {
    try {
      return await this.#do("could not move a position", ({ positions }) => work(this.#open(positions)));
    } catch (error) {
      const { cause } = error as Error;
      throw cause instanceof WorkFailure ? cause.cause : error;
    }
  }

  // A consumer may outlive its bus by a call, and no retry would help.
  #open(positions: Positions | undefined): Positions {
    if (!this.#isClosed) return positions!; // such a log has them
    throw new BusError("store", "the store is closed", { refused: true });
  }

  async #do<T>(failing: string, work: (log: Log) => Promise<T>): Promise<T> {
    const log = this.#there();
    try {
      return await awake(log.clock, () => work(log));
    } catch (error) {
      throw this.#engine.failure(`${this.#engine.name} ${failing}`, error);
    }
  }

  #there(): Log {
    if (this.#log === undefined) throw notOpen();
    return this.#log;
  }

  #soon(): Promise<Log> {
    if (this.#opening === undefined) throw notOpen();
    return this.#opening;
  }
}

/** The error of a store that serves a bus already. */
export function servesAnother(): BusError {
  return new BusError("store", "this store serves another bus: share that bus, or make another store");
}

/** The error of a call to a store that is not open yet. */
export function notOpen(): Error {
  return new Error("the store is not open: await its open() first");
}
