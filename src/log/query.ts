/** The question of a reader to the log. */
export interface Query {
  readonly keys: readonly string[];
  /** Only rows after this id are read. 0 reads from the oldest row and misses nothing. */
  readonly last: number;
  /** The most rows. A send that crosses the limit comes whole. */
  readonly limit: number;
  /** The most text, in UTF-16 units. A first send that is larger comes whole. Default: any amount. */
  readonly size?: number;
  /** True if a `last` beyond the newest id reads no retained row. Default: false, every retained row is read. */
  readonly skipsRetained?: boolean;
  /** The largest age of a row when reading from 0, in ms. */
  readonly lookback: number;
  /** The watermarks of which the reader knows from its answer before. */
  readonly known?: Known | undefined;
}

/** Watermarks by channel. */
export type Known = ReadonlyMap<string, number>;
