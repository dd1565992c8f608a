import type { Clock } from "./util/clock.ts";

/** One committed notification, as a store keeps it. */
export interface Row {
  /** The id: a safe integer, larger than those of all earlier rows. */
  readonly id: number;
  /** The channel's canonical key, which is its JSON text. */
  readonly key: string;
  /** The message's JSON text. */
  readonly json: string;
  /** The time of the commit: ms by the store's clock, never decreasing from row to row. */
  readonly at: number;
  /** The id of the first row of its send. */
  readonly send: number;
}

/** A notification that waits for its commit. */
export interface PendingRow {
  /** The channel's canonical key. */
  readonly key: string;
  /** The message's JSON text. */
  readonly json: string;
}

/** The key of a send. */
export interface SendKey {
  /** The name: 1 to 80 letters, digits, hyphens, underscores, dots and colons. */
  readonly name: string;
  /** The hash of what the caller gave. A send of the same name and another hash is another send. */
  readonly hash: string;
}

/** A send that may have a key. */
export interface KeyedSend {
  /** The rows, at least one. */
  readonly rows: readonly PendingRow[];
  /** The key; undefined for a send that commits in any case. */
  readonly key: SendKey | undefined;
}

/** The bounds of remembered keys. */
export interface KeyBounds {
  /** The time for which a key is remembered, in ms. */
  readonly window: number;
  /** The most remembered keys. */
  readonly count: number;
}

/** The ids of a send, also of one that was committed before; or `taken`, if its key belongs to a send of other entries. */
export type KeyedOutcome = readonly number[] | "taken";

/** A gap between two epochs: the ids strictly between `after` and `before` were never given out. */
export interface Gap {
  /** The last id of the earlier epoch. */
  readonly after: number;
  /** The first id of the later epoch. */
  readonly before: number;
}

/** The newest trimmed id of a channel. */
export type Watermark = readonly [key: string, id: number];

/** The state of a log when its store opens. */
export interface LogState {
  /** The position at which the log begins. A fold of old gaps moves it forward. */
  readonly begin: number;
  /** The newest committed id, else `begin`. */
  readonly last: number;
  /** The gaps between the epochs of the log, the oldest first. */
  readonly gaps: readonly Gap[];
  /** The newest trimmed id of each channel that lost rows. */
  readonly watermarks: readonly Watermark[];
  /** Watermarks up to this id may have been forgotten. 0 if none was. */
  readonly floor: number;
}

/** Rows that a log trimmed and its store has to forget. A store writes a watermark together with the deletion of its rows, or before that deletion. */
export interface Trimmed {
  /** The ids of the rows, in order for each channel. */
  readonly ids: readonly number[];
  /** The channel of each of these rows. */
  readonly keys: readonly string[];
  /** Channels whose watermarks are no longer kept, because too many channels have neither rows nor readers. */
  readonly forgotten: readonly string[];
  /** The largest watermark that was ever forgotten. */
  readonly floor: number;
}

/** Trims by other processes of rows that this process has not seen. */
export interface Unseen {
  /** Everything up to this id is committed, and either handed over or gone. */
  readonly last: number;
  /** The newest trimmed id of each channel that lost rows. */
  readonly watermarks: readonly Watermark[];
  /** Watermarks up to this id may have been forgotten. 0 if none was. */
  readonly floor: number;
}

/** The receiver of everything that is committed. Polls and streams get all rows of one tick as one answer. Listeners hear each row at its commit. */
export interface StoreSink {
  /** The bus's clock. Its `base()` gives the first id of a new epoch. */
  readonly clock: Clock;
  /** Returns the time by which rows age, in whole ms, without steps of the clock. Stores without an engine's clock use it. */
  time(): number;
  /**
   * Replaces all state with the store's. The first call comes before any other. A later call says that the engine now
   * has another log: readers hear `missed`, and the rows of this log follow in the same tick.
   */
  reset(state: LogState): void;
  /** Begins an epoch after a gap. The call comes before the rows of the epoch. */
  beginEpoch(gap: Gap): void;
  /**
   * Notes trims by other processes, of rows that this process saw or did not see. The call comes before the rows that
   * follow them.
   */
  noteTrims(unseen: Unseen): void;
  /** Adds rows that the store committed, in the order of their ids, each send whole. Rows that the sink already has are ignored. */
  add(rows: readonly Row[]): void;
  /** Reports a failure of which no caller hears, for example while reading commits of others. */
  error(error: Error): void;
}

/** The state of a named consumer, as a store keeps it. */
export interface Position {
  /** The consumer's name. */
  readonly name: string;
  /** The version: a safe integer above 0. Each change gives the name a larger one, also after it was removed. */
  readonly version: number;
  /** The state: a text that only the bus reads, at most 256 kB. */
  readonly state: string;
}

/**
 * The positions of consumers. Each change compares versions: of two processes that change one version, one succeeds. All
 * methods reject with code `store`, as an append does.
 */
export interface Positions {
  /** Resolves with every position, in the order of the names. */
  list(): Promise<readonly Position[]>;
  /** Resolves with the position of this name; undefined if there is none. */
  read(name: string): Promise<Position | undefined>;
  /**
   * Replaces the state if the stored version is this one; 0 stands for an absent name. Removes the position if `state` is
   * undefined. Resolves with the new version, which is 0 after a removal; undefined if another version is stored, and then
   * nothing changes.
   */
  replace(name: string, version: number, state: string | undefined): Promise<number | undefined>;
  /**
   * Replaces a position in one transaction with other work. Absent if the engine has no transactions.
   */
  readonly within?: PositionsWithin;
}

/** Transactions of a store in which a position moves together with other work. */
export interface PositionsWithin {
  /** True if the work has to end when it returns. A promise then rolls back, and is an error. */
  readonly isSynchronous: boolean;
  /**
   * Begins a transaction, runs the work in it, replaces the position and commits. Rolls everything back if the work fails
   * or another version is stored. The work may run again after a rollback. Rejects with the error of the work, or with the
   * engine's if the commit refuses what the work wrote. Rejects with `bad_transaction` if the work ended the transaction or
   * returned a promise too many, and otherwise as `replace` does, with a `BusError`.
   */
  run(change: PositionChange, work: (transaction: unknown) => unknown): Promise<number | undefined>;
}

/** The change of a position at the end of a transaction. */
export interface PositionChange {
  /** The consumer's name. */
  readonly name: string;
  /** Returns the version to compare with. The store asks after the work, since a renewal may change the version meanwhile. */
  version(): number;
  /** The new state. */
  state(): string;
}

/**
 * Lets a log outlive its process and reach other processes. The log itself is in memory: a store replays the kept rows,
 * then hands over every row that any process commits.
 */
export interface Store {
  /** The most rows of one append, unless one send is larger. */
  readonly maxRows: number;
  /** The most bytes of keys and messages of one send, and of one append. An engine may know it only after opening. */
  readonly maxBytes: number;
  /** Replays the state and the rows, and resolves afterwards. Rejects with code `store`, and then holds nothing open. */
  open(sink: StoreSink): Promise<void>;
  /**
   * Commits these sends or none. Resolves with their ids once they are durable and handed over. Rejects with code
   * `store`: `refused` if certainly nothing was committed, `unavailable` if no other send would fare better. Rejects with `bad_message`
   * if the engine never takes a send of this size. The bus waits until one `append` has settled before the next.
   */
  append(sends: readonly (readonly PendingRow[])[]): Promise<readonly (readonly number[])[]>;
  /**
   * As `append`, for sends of which some have a key. Two of one key have the same hash. A send whose key is remembered commits nothing. Keys commit with their
   * rows, and outlive them for the window. If the store forgets keys before that, its sink hears of an error. Absent if the
   * store remembers no keys.
   */
  appendKeyed?(sends: readonly KeyedSend[], bounds: KeyBounds): Promise<readonly KeyedOutcome[]>;
  /** The positions of consumers, usable after `open`. Absent if the store keeps none. */
  readonly positions?: Positions;
  /** Resolves when every row that any process committed before the call was handed over. */
  sync(): Promise<void>;
  /** Forgets trimmed rows within a second, or at `close()`. Absent if the store keeps nothing. */
  trim?(trimmed: Trimmed): Promise<void> | void;
  /** Returns the engine's clock, by which rows age, in ms. Absent if rows age by the bus's clock. */
  now?(): number;
  /**
   * Returns the lead of ids over the clock at which another epoch would begin, in ms. Absent if the log outlives the
   * process.
   */
  lead?(): number;
  /**
   * Writes a send into an open transaction of the application. The send is committed if and only if the transaction is,
   * and readers hear of it then. Throws an error that it knows during the call. A store with an asynchronous driver returns a
   * promise, which is awaited before the commit. `bad_transaction` says that this is no such transaction. Absent if the
   * engine has none.
   */
  within?(transaction: unknown, send: readonly PendingRow[]): Promise<void> | void;
  /** True if `within` has written when it returns. The bus then refuses messages whose schema waits. */
  readonly writesDuringCall?: boolean;
  /** Ends everything that the store started. No call follows. */
  close(): Promise<void>;
}
