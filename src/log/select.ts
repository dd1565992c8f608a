import { type Chain, NONE, type Ring } from "./ring.ts";
import { sortPlaces } from "./sort-places.ts";

/** Which rows are wanted: from this place on, and at most so many, though a send is never cut. */
export interface Range {
  readonly after: number;
  readonly limit: number;
  /** The most text, in UTF-16 units, but a first send that is larger comes whole. Default: any amount. */
  readonly size?: number;
}

/** Places in the ring, in order. They are overwritten by the next call. */
export interface Found {
  readonly places: Int32Array;
  /** Where the rows begin that the limit cut off; undefined when it cut none. */
  readonly rest: number | undefined;
}

// Measured: what it costs to follow a chain, per row, when one row that a scan passes by costs 1. Rows of several chains have
// to be sorted as well.
const COST_OF_CHAIN = 0.6;
const COST_OF_CHAINS = 3.2;
/** What a scan costs besides, for each channel: it marks them. */
const COST_OF_MARK = 1;
/** Clearing so many marks that lie side by side costs what it costs to find one by its channel and clear it. */
const CLEARED_AT_ONCE = 64;

let scratch = new Int32Array(1024);

/**
 * The places of the channels' rows. Few rows among many are found by following the chains backwards, at the cost of the
 * matches; where most of the range matches, or the limit is soon reached, a scan of the channels' numbers is faster.
 */
export function select<C extends Chain>(
  ring: Ring<C>,
  chains: readonly C[],
  range: Range,
  numbers: ChannelNumbers,
): Found {
  const span = ring.span - range.after;
  if (chains.length === 0 || span === 0) return { places: scratch.subarray(0, 0), rest: undefined };
  const found = within(ring, chains, range, numbers);
  const { size = Number.POSITIVE_INFINITY } = range;
  return size === Number.POSITIVE_INFINITY ? found : fitting(ring, found, size);
}

function within<C extends Chain>(ring: Ring<C>, chains: readonly C[], range: Range, numbers: ChannelNumbers): Found {
  const span = ring.span - range.after;
  const most = mostToFollow(chains.length, span, range.limit);
  const followed = expectsAtMost(ring, chains, range.after, most) ? follow(ring, chains, range.after, most) : undefined;
  // Where more was there than was to be expected, a scan comes after it, and costs no more than what was spent.
  return followed === undefined ? scan(ring, chains, range, numbers) : limited(ring, followed, range.limit);
}

/** How many rows of so many chains can be followed for the cost of a scan, which is over when it has found the limit. */
function mostToFollow(chains: number, span: number, limit: number): number {
  const cost = chains === 1 ? COST_OF_CHAIN : COST_OF_CHAINS;
  const marks = chains === 1 ? 0 : chains * COST_OF_MARK;
  const ofAll = (span + marks) / cost;
  if (ofAll <= limit) return ofAll;
  // Of rows that lie evenly, a scan passes by span * limit / rows places: where that, with the marks, is rows * cost.
  return (marks + Math.sqrt(marks ** 2 + 4 * cost * span * limit)) / (2 * cost);
}

/** Whether no more than `most` rows of the chains are to be expected in the range. */
function expectsAtMost<C extends Chain>(ring: Ring<C>, chains: readonly C[], after: number, most: number): boolean {
  if (chains.length > most) return false; // each has one at least
  const share = (ring.span - after) / ring.span;
  const mostInAll = Math.min(most / share, ring.span) | 0; // an integer is compared faster
  let within = 0;
  let across = 0;
  for (const { oldest, size } of chains) {
    if (ring.placeOf(oldest) >= after) within += size;
    else across += size;
    if (within + across > mostInAll) return false;
  }
  return within + across * share <= most;
}

/** The places of the newest `count` rows of these channels. */
export function selectNewest<C extends Chain>(ring: Ring<C>, chains: readonly C[], count: number): Int32Array {
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
  return sortPlaces(all.subarray(0, length), 0, ring.span).subarray(Math.max(0, length - count));
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
    for (const { number } of chains) marks[number] = 1;
    try {
      return work(marks);
    } finally {
      if (chains.length * CLEARED_AT_ONCE > marks.length) marks.fill(0);
      else for (const { number } of chains) marks[number] = 0;
    }
  }
}

function follow<C extends Chain>(
  ring: Ring<C>,
  chains: readonly C[],
  after: number,
  most: number,
): Int32Array | undefined {
  const end = Math.min(Math.floor(most), ring.span - after) + 1;
  const all = room(end);
  const start = ring.follow(chains, after, all, end);
  if (start === 0) return undefined; // more than `most`
  const places = all.subarray(start, end);
  return chains.length === 1 ? places : sortPlaces(places, after, ring.span);
}

function limited<C extends Chain>(ring: Ring<C>, places: Int32Array, limit: number): Found {
  if (places.length <= limit) return { places, rest: undefined };
  const send = ring.sendAt(places[limit - 1]!);
  let end = limit;
  while (end < places.length && ring.sendAt(places[end]!) === send) end += 1;
  return { places: places.subarray(0, end), rest: places[end] };
}

/** Ends what was found before the send whose text does not fit, unless that is the first. */
function fitting<C extends Chain>(ring: Ring<C>, found: Found, size: number): Found {
  const { places } = found;
  let left = size;
  let end = 0;
  while (end < places.length && left >= 0) left -= ring.sizeAt(places[end++]!);
  if (left >= 0) return found;
  const send = ring.sendAt(places[end - 1]!);
  let start = end - 1;
  while (start > 0 && ring.sendAt(places[start - 1]!) === send) start -= 1;
  if (start > 0) return { places: places.subarray(0, start), rest: places[start] };
  while (end < places.length && ring.sendAt(places[end]!) === send) end += 1;
  return end === places.length ? found : { places: places.subarray(0, end), rest: places[end] };
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
