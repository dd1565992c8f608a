import type { Clock } from "./util/clock.ts";

/** One committed notification, as a store keeps it. */
export interface Row {
  readonly id: number;
  /** The channel's canonical key, which is its JSON text. */
  readonly key: string;
  /** The message's JSON text. */
  readonly json: string;
  /** When it was committed: ms by the store's clock, never decreasing from row to row. */
  readonly at: number;
  /** The id of the first row of its send. */
  readonly send: number;
}

/** A notification that waits for its commit. */
export interface PendingRow {
  readonly key: string;
  readonly json: string;
}

/** Ids strictly between `after` and `before` were never given out: one run of ids ended, another began. */
export interface Gap {
  readonly after: number;
  readonly before: number;
}

/** The newest trimmed id of a channel. */
export type Watermark = readonly [key: string, id: number];

/** What a store knows of its log when it is opened. */
export interface LogState {
  /** Where the log began when it was created. */
  readonly begin: number;
  /** The newest committed id, else `begin`. */
  readonly last: number;
  readonly gaps: readonly Gap[];
  readonly watermarks: readonly Watermark[];
  /** Watermarks up to this id may have been forgotten. 0 when none was. */
  readonly floor: number;
}

/** What a log has trimmed and its store has to forget. A watermark commits with its rows, or before them. */
export interface Trimmed {
  /** The ids of the rows, for each channel in order. */
  readonly ids: readonly number[];
  /** The channel of each of these rows. */
  readonly keys: readonly string[];
  /** Channels whose watermarks are not kept any longer, because too many channels are empty and unwatched. */
  readonly forgotten: readonly string[];
  /** The largest watermark that was ever forgotten. */
  readonly floor: number;
}

/** What other processes trimmed before this one had seen it. */
export interface Unseen {
  /** Everything up to this id is committed and either handed over or gone. */
  readonly last: number;
  readonly watermarks: readonly Watermark[];
  readonly floor: number;
}

/** Where a store hands over what is committed. Calls made in one tick are answered to readers as one. */
export interface StoreSink {
  /** The bus's clock; `base()` says where a new epoch may begin. */
  readonly clock: Clock;
  /** The time by which rows age, in whole ms, for stores whose rows have no engine's time: it goes on through steps of the clock. */
  time(): number;
  /**
   * Before anything else; and again when the engine has another log than the one before, which readers are told as missed. The
   * rows that this log holds follow in the same tick then.
   */
  reset(state: LogState): void;
  /** A run began. Before the rows that follow the gap. */
  beginEpoch(gap: Gap): void;
  /** Rows were trimmed elsewhere, also such as this process never saw. Before the rows that follow them. */
  forget(unseen: Unseen): void;
  /** Rows in the order of their ids, each send whole, each row once. */
  commit(rows: readonly Row[]): void;
  /** Something failed that nobody asked for, such as reading what others committed. */
  error(error: Error): void;
}

/**
 * What makes a log outlive the process and reach others. The log itself is in memory: a store replays what it kept, and from
 * then on hands over every row that anyone commits.
 */
export interface Store {
  /** The most rows of one append, unless one send is larger. */
  readonly maxRows: number;
  /** The most bytes of keys and messages of one send, and of one append. An engine may know it only when it has opened. */
  readonly maxBytes: number;
  /** Replays the state and the rows, and resolves when that is done. Rejects with code `store`, and holds nothing open then. */
  open(sink: StoreSink): Promise<void>;
  /**
   * Commits these sends or none, and resolves with their ids once they are durable and handed over. Rejects with code `store`,
   * `refused` when it is certain that nothing was committed, and `unavailable` when no other send would fare better. It is not
   * called again before it has settled.
   */
  append(sends: readonly (readonly PendingRow[])[]): Promise<readonly (readonly number[])[]>;
  /** Resolves when every row that was committed before the call, by anyone, has been handed over. */
  sync(): Promise<void>;
  /** Forgets what the log has trimmed, within a second and at the latest at `close()`; absent where nothing is kept. */
  trim?(trimmed: Trimmed): Promise<void> | void;
  /** The engine's clock, by which rows age, in ms. Absent where it is the bus's. */
  now?(): number;
  /** The lead of ids over the clock at which another life would begin, in ms. Absent where the log outlives the process. */
  lead?(): number;
  /**
   * Writes a send into a transaction that the application has begun: it is committed if and only if that is, and readers hear
   * of it then. Throws what it knows during the call; where the driver is asynchronous it rejects, and is awaited before the
   * commit. `bad_transaction` says that this is no such transaction. Absent where the engine has none.
   */
  within?(transaction: unknown, send: readonly PendingRow[]): Promise<void> | void;
  /** Ends everything it started. Nothing is called after it. */
  close(): Promise<void>;
}
