import type { Hole, Trimmed, Watermark } from "../../store.ts";
import type { Commit, Marks } from "./wire.ts";

/** A message that holds rows. */
interface Kept {
  readonly seq: number;
  readonly was: number;
  readonly first: number;
  readonly last: number;
  /** Its rows that are trimmed, by their ids. */
  gone: Set<number> | undefined;
}

/** What is to be written before something is forgotten. */
export type Plan = Omit<Marks, "deleted" | "begin">;

/** When there are more runs than these, the oldest are folded into the beginning. */
const MOST_HOLES = 100_000;

/** What is in the stream, as far as its messages were read: where which rows are, and what was trimmed. */
export class Ledger {
  /** The newest time of a row. */
  at = 0;
  /** How many messages nightbus has deleted, or is about to. */
  deleted = 0;
  /** The messages of marks that were read, by their sequences. */
  marks: readonly number[] = [];
  #begin = 0;
  #floor = 0;
  readonly #watermarks = new Map<string, number>();
  readonly #holes: Hole[] = [];
  #kept: Kept[] = [];

  /** Where the log begins; 0 while nobody has written that. */
  get begin(): number {
    return this.#begin;
  }

  /** The newest committed id, else where the log begins. */
  get last(): number {
    return Math.max(this.#begin, this.#kept.at(-1)?.last ?? 0);
  }

  get floor(): number {
    return this.#floor;
  }

  holesAfter(id: number): readonly Hole[] {
    return this.#holes.filter(({ before }) => before > id);
  }

  watermarksAfter(id: number): readonly Watermark[] {
    const after = this.#floor > id ? 0 : id;
    return [...this.#watermarks].filter(([, watermark]) => watermark > after);
  }

  /** Whether a row is in the log, and not trimmed. */
  holds(id: number): boolean {
    const kept = this.#find(id);
    return kept !== undefined && kept.gone?.has(id) !== true;
  }

  /** The oldest message that holds rows, by its sequence; Infinity when there is none. */
  get oldest(): number {
    return this.#kept[0]?.seq ?? Number.POSITIVE_INFINITY;
  }

  /** The messages that are not to be deleted, by their sequences. */
  get kept(): ReadonlySet<number> {
    return new Set([...this.#kept.map(({ seq }) => seq), ...this.marks]);
  }

  addCommit(seq: number, { was, first, last, at }: Commit): void {
    this.at = Math.max(this.at, at);
    this.#kept.push({ seq, was, first, last, gone: undefined });
    if (first > was + 1) this.#addHole({ after: was, before: first });
  }

  addMarks(seq: number, { watermarks, forgotten, floor, holes, gone, deleting, deleted, begin }: Marks): void {
    for (const [key, id] of watermarks) if (id > this.#watermark(key)) this.#watermarks.set(key, id);
    for (const key of forgotten) if (this.#watermark(key) <= floor) this.#watermarks.delete(key);
    this.#floor = Math.max(this.#floor, floor);
    for (const hole of holes) this.#addHole(hole);
    for (const id of gone) {
      const kept = this.#find(id);
      if (kept === undefined) continue;
      kept.gone ??= new Set();
      kept.gone.add(id);
    }
    const ended = new Set(deleting);
    if (ended.size > 0) this.#kept = this.#kept.filter((kept) => !ended.has(kept.seq));
    this.marks = [...this.marks, seq].filter((mark) => !ended.has(mark));
    this.deleted = deleted;
    this.#begin = Math.max(this.#begin, begin);
  }

  /** What has to be written before these rows are forgotten; undefined when there is nothing left to forget. */
  plan({ ids, keys, forgotten, floor }: Trimmed): Plan | undefined {
    const watermarks = new Map<string, number>();
    const trimmed = new Map<Kept, number[]>();
    ids.forEach((id, index) => {
      const key = keys[index]!;
      if (id > Math.max(this.#watermark(key), watermarks.get(key) ?? 0)) watermarks.set(key, id);
      const kept = this.#find(id);
      if (kept === undefined || kept.gone?.has(id) === true) return;
      const known = trimmed.get(kept);
      if (known === undefined) trimmed.set(kept, [id]);
      else known.push(id);
    });
    const emptied: Kept[] = [];
    const gone: number[] = [];
    for (const [kept, more] of trimmed) {
      // The newest stays: it says what the newest id is.
      const left = kept.last - kept.first + 1 - (kept.gone?.size ?? 0) - more.length;
      if (left === 0 && kept !== this.#kept.at(-1)) emptied.push(kept);
      else for (const id of more) gone.push(id);
    }
    for (const kept of this.#emptyButNewest(trimmed)) emptied.push(kept);
    const known = forgotten.filter((key) => this.#watermarks.has(key) || watermarks.has(key));
    if (watermarks.size + emptied.length + gone.length + known.length === 0) return undefined;
    const holes = emptied.filter(({ was, first }) => first > was + 1);
    return {
      watermarks: [...watermarks],
      forgotten: known,
      floor,
      holes: holes.map(({ was, first }) => ({ after: was, before: first })),
      gone,
      deleting: emptied.map(({ seq }) => seq),
    };
  }

  /** All that messages of marks have told, as pages of about so many entries, so that these can take the place of those. */
  restated(entries: number): readonly Plan[] {
    const nothing: Plan = { watermarks: [], forgotten: [], floor: this.#floor, holes: [], gone: [], deleting: [] };
    const gone = this.#kept.flatMap((kept) => [...(kept.gone ?? [])]);
    return [
      nothing,
      ...pages([...this.#watermarks], entries).map((watermarks) => ({ ...nothing, watermarks })),
      ...pages(this.#holes, entries).map((holes) => ({ ...nothing, holes })),
      ...pages(gone, entries).map((ids) => ({ ...nothing, gone: ids })),
    ];
  }

  // What was the newest when its last row was trimmed is left until something newer is there.
  #emptyButNewest(trimmed: ReadonlyMap<Kept, unknown>): readonly Kept[] {
    const before = this.#kept.at(-2);
    if (before === undefined || trimmed.has(before)) return [];
    return before.gone?.size === before.last - before.first + 1 ? [before] : [];
  }

  #watermark(key: string): number {
    return this.#watermarks.get(key) ?? 0;
  }

  #addHole(hole: Hole): void {
    const isNewest = (this.#holes.at(-1)?.before ?? 0) < hole.before;
    if (!isNewest && this.#holes.some(({ before }) => before === hole.before)) return;
    this.#holes.push(hole);
    if (!isNewest) this.#holes.sort((one, other) => one.before - other.before);
    if (this.#holes.length > MOST_HOLES) this.#begin = Math.max(this.#begin, this.#holes.shift()!.before);
  }

  #find(id: number): Kept | undefined {
    let [low, high] = [0, this.#kept.length];
    while (low < high) {
      const middle = (low + high) >> 1;
      if (this.#kept[middle]!.last < id) low = middle + 1;
      else high = middle;
    }
    const found = this.#kept[low];
    return found !== undefined && found.first <= id ? found : undefined;
  }
}

function pages<T>(all: readonly T[], size: number): readonly (readonly T[])[] {
  return Array.from({ length: Math.ceil(all.length / size) }, (_, page) => all.slice(page * size, (page + 1) * size));
}
