import { type Chain, NONE, type Ring } from "./ring.ts";
import { sorted } from "./sorted.ts";

/** Which rows are wanted: from this place on, and at most so many, though a send is never cut. */
export interface Range {
  readonly after: number;
  readonly limit: number;
}

/** Places in the ring, in order. They are overwritten by the next call. */
export interface Found {
  readonly places: Int32Array;
  /** Where the rows begin that the limit cut off; undefined when it cut none. */
  readonly rest: number | undefined;
}

// Measured: what it costs to follow a chain, per row, when one row that a scan passes by costs 1. Rows of several chains have
// to be sorted as well.
const COST_OF_CHAIN = 0.8;
const COST_OF_CHAINS = 4.4;
/** What a scan costs besides, for each channel: it marks them. */
const COST_OF_MARK = 2;
/** Of so many channels it is counted how many rows are to be expected. */
const SAMPLE = 100;

let scratch = new Int32Array(1024);

/**
 * The places of the channels' rows. Few rows among many are found by following the chains backwards, at the cost of the
 * matches; where most of the range matches, or the limit is soon reached, a scan of the channels' numbers is faster.
 */
export function gather<C extends Chain>(
  ring: Ring<C>,
  chains: readonly C[],
  range: Range,
  numbers: ChannelNumbers,
): Found {
  const span = ring.span - range.after;
  if (chains.length === 0 || span === 0) return { places: scratch.subarray(0, 0), rest: undefined };
  const expected = expectedRows(ring, chains, range.after);
  if (isScan(expected, chains.length, span, range.limit)) return scan(ring, chains, range, numbers);
  // The rows may lie less evenly than expected; then the scan takes over.
  const followed = follow(ring, chains, range.after, Math.max(64, Math.ceil(expected * 2)));
  return followed === undefined ? scan(ring, chains, range, numbers) : limited(ring, followed, range.limit);
}

/** Whether a scan costs less than following chains, if there are so many rows in a span. */
function isScan(rows: number, chains: number, span: number, limit: number): boolean {
  const scanned = rows > limit ? (span * limit) / rows : span;
  if (chains === 1) return rows * COST_OF_CHAIN > scanned;
  return rows * COST_OF_CHAINS > scanned + chains * COST_OF_MARK;
}

/** The places of the newest `count` rows of these channels. */
export function gatherNewest<C extends Chain>(ring: Ring<C>, chains: readonly C[], count: number): Int32Array {
  let most = 0;
  for (const { size } of chains) most += Math.min(size, count);
  const all = room(most);
  let length = 0;
  for (const chain of chains) {
    let slot = chain.newest;
    for (let left = count; left > 0 && slot !== NONE; left -= 1) {
      all[length++] = ring.placeOf(slot);
      slot = ring.olderThan(slot);
    }
  }
  return sorted(all.subarray(0, length), 0, ring.span).subarray(Math.max(0, length - count));
}

/** Gives each channel a small number that no other has, and marks those that a scan looks for. */
export class ChannelNumbers {
  readonly #free: number[] = [];
  #next = 1; // 0 stands for gaps
  #marks = new Uint8Array(64);

  take(): number {
    const number = this.#free.pop() ?? this.#next++;
    if (number < this.#marks.length) return number;
    const larger = new Uint8Array(this.#marks.length * 2);
    larger.set(this.#marks);
    this.#marks = larger;
    return number;
  }

  giveBack(number: number): void {
    this.#free.push(number);
  }

  /** Runs `work` with the chains' numbers marked by 1. */
  marked<T>(chains: readonly Chain[], work: (marks: Uint8Array) => T): T {
    const marks = this.#marks;
    for (const chain of chains) marks[chain.number] = 1;
    try {
      return work(marks);
    } finally {
      for (const chain of chains) marks[chain.number] = 0;
    }
  }
}

function expectedRows<C extends Chain>(ring: Ring<C>, chains: readonly C[], after: number): number {
  const share = (ring.span - after) / ring.span;
  const step = Math.ceil(chains.length / SAMPLE);
  let rows = 0;
  for (let index = 0; index < chains.length; index += step) {
    const { oldest, size } = chains[index]!;
    rows += ring.placeOf(oldest) >= after ? size : size * share;
  }
  return Math.max(chains.length, rows * step);
}

function follow<C extends Chain>(
  ring: Ring<C>,
  chains: readonly C[],
  after: number,
  most: number,
): Int32Array | undefined {
  const all = room(most);
  let length = 0;
  for (const chain of chains) {
    for (let slot = chain.newest; slot !== NONE; slot = ring.olderThan(slot)) {
      const place = ring.placeOf(slot);
      if (place < after) break;
      if (length === most) return undefined;
      all[length++] = place;
    }
  }
  const places = all.subarray(0, length);
  return chains.length === 1 ? places.reverse() : sorted(places, after, ring.span);
}

function limited<C extends Chain>(ring: Ring<C>, places: Int32Array, limit: number): Found {
  if (places.length <= limit) return { places, rest: undefined };
  const send = ring.sendAt(places[limit - 1]!);
  let end = limit;
  while (end < places.length && ring.sendAt(places[end]!) === send) end += 1;
  return { places: places.subarray(0, end), rest: places[end] };
}

function scan<C extends Chain>(ring: Ring<C>, chains: readonly C[], range: Range, numbers: ChannelNumbers): Found {
  return numbers.marked(chains, (marks) => {
    const { span } = ring;
    const all = room(span - range.after + 1);
    let length = ring.scan(range.after, range.limit, marks, all);
    if (length < range.limit) return { places: all.subarray(0, length), rest: undefined };
    const newest = all[length - 1]!;
    const send = ring.sendAt(newest);
    for (let place = newest + 1; place < span; place += 1) {
      if (marks[ring.numberAt(place)] === 0) continue;
      if (ring.sendAt(place) !== send) return { places: all.subarray(0, length), rest: place };
      all[length++] = place;
    }
    return { places: all.subarray(0, length), rest: undefined };
  });
}

function room(length: number): Int32Array {
  if (length > scratch.length) scratch = new Int32Array(2 ** Math.ceil(Math.log2(length)));
  return scratch;
}
