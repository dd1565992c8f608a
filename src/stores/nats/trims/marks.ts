import type { Gap } from "../../../store.ts";
import { MOST_GAPS } from "../../../util/ids.ts";
import type { NatsMessage } from "../driver.ts";
import type { StreamKeys } from "../keys.ts";
import { type Author, readPart } from "../wire.ts";
import { type Change, NOTHING, readChange } from "./changes.ts";
import { Ranges } from "./ranges.ts";

/** The bytes that a change counts for beside its own, in the decision for a snapshot. */
const COST = 256;

/** The bytes of changes that never lead to a snapshot. */
const LITTLE = 128 * 1024;

/** The messages that a process has announced to delete. */
export interface Announcement extends Author {
  readonly deleted: readonly number[];
}

/** All facts about rows that are gone: the newest snapshot, and the changes since. */
export class Marks {
  readonly #keys: StreamKeys;
  readonly #watermarks = new Map<string, number>();
  readonly #gaps = new Map<number, Gap>();
  #gone = new Ranges();
  #floor = 0;
  #begin = 0;
  /** The number, in the stream, of the newest message of the marks. */
  seq = 0;
  #parts: Change[] = [];
  #partsOf = "";
  #snapshot = 0;
  #changes = 0;

  constructor(keys: StreamKeys) {
    this.#keys = keys;
  }

  get floor(): number {
    return this.#floor;
  }

  /** The beginning of the log after older gaps were folded into it. 0 if none were. */
  get begin(): number {
    return this.#begin;
  }

  /** The gaps, in order. */
  get gaps(): readonly Gap[] {
    return [...this.#gaps.values()].sort((one, other) => one.before - other.before);
  }

  get gone(): Ranges {
    return this.#gone;
  }

  /** True if a snapshot has begun, and its end is missing. */
  get isTorn(): boolean {
    return this.#parts.length > 0;
  }

  /** True if the changes outweigh a new snapshot. */
  get isHeavy(): boolean {
    return this.#changes > LITTLE + 2 * this.#snapshot;
  }

  watermark(key: string): number {
    return this.#watermarks.get(key) ?? 0;
  }

  watermarks(after: number): [string, number][] {
    return [...this.#watermarks].filter(([, id]) => id > after);
  }

  isGone(id: number, key: string): boolean {
    return id <= this.watermark(key) || this.#gone.has(id);
  }

  /** Takes in a message of the marks. Returns its announcement, if it has one. */
  take(message: NatsMessage, seq: number): Announcement | undefined {
    this.seq = seq;
    const part = readPart(message);
    const change = part === undefined ? undefined : readChange(message.data);
    if (part === undefined || change === undefined) return undefined;
    if ("by" in part) {
      this.#parts = []; // another process went on from the older marks, and ends the snapshot
      this.apply(change, message.data.length);
      return { ...part, deleted: change.deleted };
    }
    if (part.index === 0) this.#parts = [];
    if (part.index === 0) this.#partsOf = part.of;
    if (this.#partsOf !== part.of || this.#parts.length !== part.index) return undefined;
    this.#parts.push(change);
    if (this.#parts.length === part.count) this.#replace();
    return undefined;
  }

  /** Takes in a change, whose message has this many bytes. */
  apply({ watermarks, forgotten, floor, keys, gaps, gone, begin }: Change, bytes: number): void {
    for (const [key, id] of watermarks) if (id > this.watermark(key)) this.#watermarks.set(key, id);
    for (const gap of gaps) if (gap.before > this.#begin) this.#gaps.set(gap.before, gap);
    if (begin > this.#begin) this.#foldTo(begin);
    // A tenth is folded at once, since folding sorts all gaps.
    if (this.#gaps.size > MOST_GAPS) this.#foldTo(this.gaps[this.#gaps.size - MOST_GAPS * 0.9]!.before);
    for (const [from, to] of gone) this.#gone.add(from, to);
    this.#floor = Math.max(this.#floor, floor);
    this.#keys.takeMarked(keys);
    for (const key of forgotten) if (this.watermark(key) <= floor) this.#watermarks.delete(key);
    this.#changes += bytes + COST;
  }

  /** Notes a snapshot of this many bytes. */
  compacted(bytes: number): void {
    this.#snapshot = bytes;
    this.#changes = 0;
    this.#parts = [];
  }

  /** All facts, as one change. */
  snapshot(): Change {
    const { floor, gaps, begin } = this;
    const keys = this.#keys.marked();
    return { ...NOTHING, watermarks: [...this.#watermarks], floor, keys, gaps, gone: this.#gone.list, begin };
  }

  #foldTo(begin: number): void {
    this.#begin = begin;
    for (const before of this.#gaps.keys()) if (before <= begin) this.#gaps.delete(before);
  }

  #replace(): void {
    const parts = this.#parts;
    this.#watermarks.clear();
    this.#gaps.clear();
    this.#gone = new Ranges();
    this.#changes = 0;
    this.#keys.releaseMarked();
    for (const part of parts) this.apply(part, 0);
    const bytesOf = ({ watermarks, keys }: Change): number => COST + watermarks.length * 32 + keys.length * COST;
    this.compacted(parts.reduce((sum, part) => sum + bytesOf(part), 0));
  }
}
