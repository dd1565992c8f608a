import type { Channel } from "../../../notification.ts";

/** The limits of a naive log. */
export interface ModelRetention {
  readonly age: number;
  readonly count: number;
  readonly total: number;
}

/** A read of a naive log. */
export interface ModelAsk {
  readonly channels: readonly Channel[];
  readonly last: number;
  readonly limit: number;
  readonly lookback: number;
  readonly now: number;
}

/** The expected answer to a poll. */
export interface ModelAnswer {
  readonly rows: readonly { readonly id: number; readonly channel: Channel; readonly message: unknown }[];
  readonly last: number;
  readonly missed: boolean;
}

interface ModelRow {
  readonly id: number;
  readonly channel: Channel;
  readonly message: unknown;
  readonly at: number;
  readonly send: number;
  gone: boolean;
}

/** A naive log: every send in one array, read by plain loops. Its answers define the answers of a bus. */
export class NaiveLog {
  readonly begin: number;
  readonly rows: ModelRow[] = [];
  readonly #retention: ModelRetention;

  constructor(begin: number, retention: ModelRetention) {
    this.begin = begin;
    this.#retention = retention;
  }

  get newest(): number {
    return this.rows.at(-1)?.id ?? this.begin;
  }

  /** Returns true if `last` was ever given out. */
  isPosition(last: number): boolean {
    return last === this.begin || this.rows.some((row) => row.id === last);
  }

  /** Adds one send. */
  add(entries: readonly (readonly [Channel, unknown])[], ids: readonly number[], at: number): void {
    entries.forEach(([channel, message], index) => {
      this.rows.push({ id: ids[index]!, channel, message, at, send: ids[0]!, gone: false });
    });
  }

  /** Applies the limits of count, as after every commit. */
  trim(): void {
    for (const row of this.rows) {
      if (!row.gone && this.#newer(row, true) >= this.#retention.count) row.gone = true;
    }
    for (const row of this.rows) {
      if (!row.gone && this.#newer(row, false) >= this.#retention.total) row.gone = true;
    }
  }

  /** Applies the limit of age. */
  expire(now: number): void {
    for (const row of this.rows) if (row.at < now - this.#retention.age) row.gone = true;
  }

  read({ channels, last, limit, lookback, now }: ModelAsk): ModelAnswer {
    const own = this.rows.filter((row) => channels.some((channel) => same(channel, row.channel)));
    const from = last > this.newest ? 0 : last;
    const missed = last > 0 && (!this.isPosition(last) || own.some((row) => row.gone && row.id > from));
    const found = own.filter((row) => !row.gone && row.id > from && (from > 0 || row.at >= now - lookback));
    return this.#limited(found, limit, missed);
  }

  /** Returns the rows after `from`, for readers who were there. */
  since(channels: readonly Channel[], from: number, limit: number): ModelAnswer {
    const found = this.rows.filter((row) => row.id > from && channels.some((channel) => same(channel, row.channel)));
    return this.#limited(found, limit, false);
  }

  #limited(found: readonly ModelRow[], limit: number, missed: boolean): ModelAnswer {
    const rows = found.filter((row, index) => index < limit || row.send === found[limit - 1]?.send);
    const rest = found[rows.length];
    const last = rest === undefined ? this.newest : this.#before(rest.send);
    return { rows: rows.map(({ id, channel, message }) => ({ id, channel, message })), last, missed };
  }

  /** Returns the newest position before this id. */
  #before(id: number): number {
    return this.rows.filter((row) => row.id < id).at(-1)?.id ?? this.begin;
  }

  #newer(row: ModelRow, onChannel: boolean): number {
    return this.rows.filter(
      (other) => other.id > row.id && !other.gone && (!onChannel || same(other.channel, row.channel)),
    ).length;
  }
}

function same(one: Channel, other: Channel): boolean {
  return JSON.stringify(one) === JSON.stringify(other);
}
