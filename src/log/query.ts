/** What a reader asks of the log. */
export interface Query {
  readonly keys: readonly string[];
  /** Only rows after this id; 0 reads from the oldest row and misses nothing. */
  readonly last: number;
  /** The most rows, but a send that crosses the limit comes whole. */
  readonly limit: number;
  /** The most text, in UTF-16 units, but a first send that is larger comes whole. Default: any amount. */
  readonly size?: number;
  /** True if a `last` beyond the newest id reads nothing that is retained. Default: false, it reads everything. */
  readonly skipsRetained?: boolean;
  /** When reading from 0: only rows that are at most so many ms old. */
  readonly lookback: number;
  /** From the answer before, for a reader who goes on from it: the watermarks that are no news to it. */
  readonly known?: Known | undefined;
}

/** Watermarks by channel. */
export type Known = ReadonlyMap<string, number>;

/** Whether something after `from` was trimmed of which this reader does not know. */
export function lacks({ last, known }: Query, from: number, key: string, watermark: number): boolean {
  return last > 0 && watermark > Math.max(from, known?.get(key) ?? 0);
}
