import { BusError, type Gap, type LogState, type PendingRow, type Row, type Trimmed } from "nightbus";
import type { LineFile } from "./line-file.ts";

/** The first line of a file. */
export interface BeginLine {
  readonly nightbus: 1;
  /** The id at which the log begins. */
  readonly begin: number;
}

/** One append. */
export interface CommitLine {
  /** The gap before it, if it began an epoch. */
  readonly gap?: Gap;
  /** The first of its ids. */
  readonly first: number;
  readonly at: number;
  readonly sends: readonly (readonly PendingRow[])[];
}

/** Trims that were gathered. */
export interface TrimLine {
  readonly trims: readonly Trimmed[];
}

/** The state of a log that was compacted. Its retained rows follow. */
export interface StateLine {
  readonly state: LogState;
  readonly at: number;
}

/** Retained rows of a log that was compacted. */
export interface RowsLine {
  readonly rows: readonly Row[];
}

/** A line of the file. */
export type Line = BeginLine | CommitLine | TrimLine | StateLine | RowsLine;

/** Ids and rows of an append. */
export interface Committed {
  readonly ids: readonly (readonly number[])[];
  readonly rows: readonly Row[];
}

/** The rows of one line of a compacted file. */
const PAGE = 1_000;

/** The log as its lines tell it, line after line. */
export class LogImage {
  readonly #rows = new Map<number, Row>();
  readonly #gaps: Gap[] = [];
  readonly #watermarks = new Map<string, number>();
  #begin: number | undefined;
  #last = 0;
  #at = 0;
  #floor = 0;
  /** The rows that lines hold and trims have removed. */
  #waste = 0;

  /** Reads a file. Rejects with `store` for a line that is no line of a log. */
  static async read(file: LineFile): Promise<LogImage> {
    const image = new LogImage();
    for (const [index, text] of (await file.read()).entries()) image.#read(text, index + 1, file.path);
    return image;
  }

  get isEmpty(): boolean {
    return this.#begin === undefined;
  }

  /** True if most rows of the file are trimmed, so that writing it anew is worth its while. */
  get isWasteful(): boolean {
    return this.#waste > PAGE + this.#rows.size;
  }

  /** The newest committed id, or the beginning. */
  get last(): number {
    return this.#last;
  }

  /** The time of the newest commit, in ms. */
  get at(): number {
    return this.#at;
  }

  rows(): readonly Row[] {
    return [...this.#rows.values()];
  }

  state(): LogState {
    const { last } = this;
    return {
      begin: this.#begin ?? last,
      last,
      gaps: this.#gaps,
      watermarks: [...this.#watermarks],
      floor: this.#floor,
    };
  }

  /** The lines that say all of this again. */
  lines(): readonly Line[] {
    const rows = this.rows();
    const lines: Line[] = [{ state: this.state(), at: this.#at }];
    for (let from = 0; from < rows.length; from += PAGE) lines.push({ rows: rows.slice(from, from + PAGE) });
    return lines;
  }

  begin({ begin }: BeginLine): void {
    this.#begin = begin;
    this.#last = begin;
  }

  commit({ gap, first, at, sends }: CommitLine): Committed {
    const rows: Row[] = [];
    const ids = sends.map((pending) => {
      const send = first + rows.length;
      return pending.map(({ key, json }) => rows.push({ id: first + rows.length, key, json, at, send }) - 1 + first);
    });
    if (gap !== undefined) this.#gaps.push(gap);
    for (const row of rows) this.#rows.set(row.id, row);
    this.#last = first + rows.length - 1;
    this.#at = at;
    return { ids, rows };
  }

  trim({ trims }: TrimLine): void {
    for (const { ids, keys, forgotten, floor } of trims) {
      for (const [index, id] of ids.entries()) {
        if (this.#rows.delete(id)) this.#waste += 1;
        const key = keys[index]!; // one for each id
        this.#watermarks.set(key, Math.max(id, this.#watermarks.get(key) ?? 0));
      }
      for (const key of forgotten) if ((this.#watermarks.get(key) ?? 0) <= floor) this.#watermarks.delete(key);
      if (forgotten.length > 0) this.#floor = Math.max(this.#floor, floor);
    }
  }

  #read(text: string, number: number, path: string): void {
    try {
      this.#take(JSON.parse(text) as Line); // as this store has written it
    } catch (cause) {
      const sentence = `line ${number} of ${JSON.stringify(path)} is damaged: restore the file from a copy`;
      throw new BusError("store", sentence, { cause, refused: true });
    }
  }

  #take(line: Line): void {
    if ("nightbus" in line) this.begin(line);
    else if ("trims" in line) this.trim(line);
    else if ("sends" in line) this.commit(line);
    else if ("rows" in line) for (const row of line.rows) this.#rows.set(row.id, row);
    else this.#restore(line);
  }

  #restore({ state: { begin, last, gaps, watermarks, floor }, at }: StateLine): void {
    this.#begin = begin;
    this.#last = last;
    this.#at = at;
    this.#floor = floor;
    this.#gaps.push(...gaps);
    for (const [key, id] of watermarks) this.#watermarks.set(key, id);
  }
}
