// Longer than 250 lines: the columns are private, since every loop over them is a hot path.
import type { Row } from "../store.ts";
import { type RowSource, SharedRow, sizeOf } from "./row.ts";

/** Marks the end of a chain. */
export const NONE = -1;

/** The rows of one channel, as a chain through the ring from its oldest to its newest. */
export interface Chain extends RowSource {
  /** A small number that stands for the channel in scans. */
  readonly number: number;
  oldest: number;
  newest: number;
  size: number;
}

/**
 * Rows in the order of their ids, in columns, oldest first. A row that is removed from the middle leaves a hollow with
 * its id, so that the order can be searched. A full ring that is at least half hollow closes up instead of growing.
 * Adding stays O(1), and memory follows the retained rows. The object of a row is made at its first reading.
 */
export class Ring<C extends Chain> {
  #ids = new Float64Array(16);
  #sends = new Float64Array(16);
  #times = new Float64Array(16);
  #older = new Int32Array(16);
  #newer = new Int32Array(16);
  #numbers = new Int32Array(16);
  #texts: (string | undefined)[] = [];
  #chains: (C | undefined)[] = [];
  #shared: (SharedRow | undefined)[] = [];
  #mask = 15;
  #head = 0;
  #span = 0;
  #size = 0;
  #units = 0;

  /** The text of all rows and their channels, in UTF-16 units. */
  get units(): number {
    return this.#units;
  }

  /** The number of rows. */
  get size(): number {
    return this.#size;
  }

  /** True if all rows belong to the newest send. */
  get holdsOneSend(): boolean {
    return this.sendAt(0) === this.sendAt(this.#span - 1);
  }

  /** The number of places from the oldest row to the newest, hollows included. */
  get span(): number {
    return this.#span;
  }

  /** Returns the chain of the row at this place, counted from the oldest; undefined for a hollow. */
  chainAt(place: number): C | undefined {
    return this.#chains[(this.#head + place) & this.#mask];
  }

  sendAt(place: number): number {
    return this.#sends[(this.#head + place) & this.#mask]!;
  }

  /** Returns the size of the row's text, in UTF-16 units. */
  sizeAt(place: number): number {
    const slot = (this.#head + place) & this.#mask;
    return sizeOf(this.#chains[slot]!.key, this.#texts[slot]!);
  }

  /** Returns the units of the row at this place. The place is no hollow. */
  unitsAt(place: number): number {
    const slot = (this.#head + place) & this.#mask;
    return this.#chains[slot]!.key.length + this.#texts[slot]!.length;
  }

  /** Returns the channel's number, or 0 for a hollow. */
  numberAt(place: number): number {
    return this.#numbers[(this.#head + place) & this.#mask]!;
  }

  /** Returns the row as an object, the same one at each call. */
  rowAt(place: number): SharedRow {
    const slot = (this.#head + place) & this.#mask;
    const known = this.#shared[slot];
    if (known !== undefined) return known;
    const row = new SharedRow(this.#ids[slot]!, this.#chains[slot]!, this.#texts[slot]!);
    this.#shared[slot] = row;
    return row;
  }

  /** Returns the newest `count` rows as objects. None of them is a hollow. */
  newest(count: number): readonly SharedRow[] {
    const rows: SharedRow[] = [];
    for (let place = this.#span - count; place < this.#span; place += 1) rows.push(this.rowAt(place));
    return rows;
  }

  /** Returns the place of a slot that a chain names. */
  placeOf(slot: number): number {
    return (slot - this.#head) & this.#mask;
  }

  idIn(slot: number): number {
    return this.#ids[slot]!;
  }

  timeIn(slot: number): number {
    return this.#times[slot]!;
  }

  /** Returns the slot of the row before this one in its chain. */
  olderThan(slot: number): number {
    return this.#older[slot]!;
  }

  /**
   * Writes the places from this one on whose channels are marked by 1, up to a count, and returns their number. `into`
   * needs room for one more. Every place is written, and kept if it matches: with half of them matching, a branch would
   * be predicted wrong as often.
   */
  scan(from: number, most: number, marks: Uint8Array, into: Int32Array): number {
    const [numbers, head, mask, span] = [this.#numbers, this.#head, this.#mask, this.#span];
    let length = 0;
    let place = from;
    while (place < span && length < most) {
      // A stretch before the columns' end that cannot hold one match too many. Its loop checks neither.
      const slot = (head + place) & mask;
      const offset = place - slot;
      const end = Math.min(span - offset, slot + most - length, mask + 1) | 0;
      for (let at = slot; at < end; at += 1) {
        into[length] = at + offset;
        length += marks[numbers[at]!]!;
      }
      place = end + offset;
    }
    return length;
  }

  /**
   * Writes the chains' places back to this one, newest first, from `end` down. Returns the place where it ended: at 0
   * there may be more.
   */
  follow(chains: readonly C[], from: number, into: Int32Array, end: number): number {
    const [older, head, mask] = [this.#older, this.#head, this.#mask];
    let start = end;
    for (const { newest } of chains) {
      // The loop compares with 0 instead of `NONE`, the one value below it: reading `NONE` at each step takes a third longer.
      for (let slot = newest; slot >= 0 && start > 0; slot = older[slot]!) {
        const place = (slot - head) & mask;
        if (place < from) break;
        into[--start] = place;
      }
    }
    return start;
  }

  /** Returns the first place whose id is larger than `last`; `span` if there is none. */
  placeAfter(last: number): number {
    return this.#search(this.#ids, last);
  }

  /** Returns the first place whose row was committed after this time. */
  placeAfterTime(at: number): number {
    return this.#search(this.#times, at);
  }

  /** Adds the newest row. */
  push(chain: C, row: Row): void {
    if (this.#span > this.#mask) this.#makeRoom();
    const slot = (this.#head + this.#span) & this.#mask;
    this.#ids[slot] = row.id;
    this.#sends[slot] = row.send;
    this.#times[slot] = row.at;
    this.#texts[slot] = row.json;
    this.#shared[slot] = undefined;
    this.#link(slot, chain);
    this.#span += 1;
    this.#size += 1;
    this.#units += row.key.length + row.json.length;
  }

  /** Removes the oldest row of a chain, which must have one, and returns its id. */
  dropOldest(chain: C): number {
    const slot = chain.oldest;
    const next = this.#newer[slot]!;
    chain.oldest = next;
    chain.size -= 1;
    if (next === NONE) chain.newest = NONE;
    else this.#older[next] = NONE;
    this.#units -= chain.key.length + this.#texts[slot]!.length;
    this.#texts[slot] = undefined;
    this.#chains[slot] = undefined;
    this.#shared[slot] = undefined;
    this.#numbers[slot] = 0;
    this.#size -= 1;
    while (this.#span > 0 && this.#chains[this.#head] === undefined) {
      this.#head = (this.#head + 1) & this.#mask;
      this.#span -= 1;
    }
    return this.#ids[slot]!;
  }

  #link(slot: number, chain: C): void {
    this.#chains[slot] = chain;
    this.#numbers[slot] = chain.number;
    this.#newer[slot] = NONE;
    this.#older[slot] = chain.newest;
    if (chain.newest === NONE) chain.oldest = slot;
    else this.#newer[chain.newest] = slot;
    chain.newest = slot;
    chain.size += 1;
  }

  #search(column: Float64Array, value: number): number {
    let low = 0;
    let high = this.#span;
    while (low < high) {
      const middle = (low + high) >>> 1;
      if (column[(this.#head + middle) & this.#mask]! > value) high = middle;
      else low = middle + 1;
    }
    return low;
  }

  // Copies the retained rows, without hollows, into columns of a size that leaves at least half of them free.
  #makeRoom(): void {
    let capacity = 16;
    while (capacity < this.#size * 2) capacity *= 2;
    const [ids, sends, times, older] = [this.#ids, this.#sends, this.#times, this.#older];
    const [texts, chains, shared] = [this.#texts, this.#chains, this.#shared];
    const [head, span, mask] = [this.#head, this.#span, this.#mask];
    this.#allocate(capacity);
    for (let place = 0; place < span; place += 1) {
      const from = (head + place) & mask;
      const chain = chains[from];
      if (chain === undefined) continue;
      const slot = this.#span;
      this.#ids[slot] = ids[from]!;
      this.#sends[slot] = sends[from]!;
      this.#times[slot] = times[from]!;
      this.#texts[slot] = texts[from];
      this.#shared[slot] = shared[from];
      // A chain's oldest row comes first, and starts the chain afresh.
      if (older[from] === NONE) startAfresh(chain);
      this.#link(slot, chain);
      this.#span += 1;
    }
  }

  #allocate(capacity: number): void {
    this.#ids = new Float64Array(capacity);
    this.#sends = new Float64Array(capacity);
    this.#times = new Float64Array(capacity);
    this.#older = new Int32Array(capacity);
    this.#newer = new Int32Array(capacity);
    this.#numbers = new Int32Array(capacity);
    this.#texts = new Array(capacity);
    this.#chains = new Array(capacity);
    this.#shared = new Array(capacity);
    this.#mask = capacity - 1;
    this.#head = 0;
    this.#span = 0;
  }
}

function startAfresh(chain: Chain): void {
  chain.oldest = NONE;
  chain.newest = NONE;
  chain.size = 0;
}
