import { type Chain, NONE, type Ring } from "./ring.ts";
import { sortPlaces } from "./sort-places.ts";

/** The wanted rows: from this place on, up to a limit. A send is never cut. */
export interface Range {
  readonly after: number;
  readonly limit: number;
  /** The most text, in UTF-16 units. A first send that is larger comes whole. Default: any amount. */
  readonly size?: number;
}

/** Places in the ring, in order. The next call overwrites them. */
export interface Found {
  readonly places: Int32Array;
  /** The first place of the rows that the limit cut off; undefined if it cut off none. */
  readonly rest: number | undefined;
}

// The cost of following a chain, for each row, if a row that a scan passes costs 1. Rows of several chains have to be
// sorted as well. Both were measured.
const COST_OF_CHAIN = 0.6;
const COST_OF_CHAINS = 3.2;
/** The further cost of a scan for each channel, which it marks. */
const COST_OF_MARK = 1;
/** Clearing this many marks side by side costs as much as finding and clearing one by its channel. */
const CLEARED_AT_ONCE = 64;

let scratch = new Int32Array(1024);

/**
 * Selects the places of the channels' rows. Following the chains backwards costs the matches, and suits few rows among
 * many. A scan of the channels' numbers is faster if most of the range matches, or if the limit is soon reached.
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
  // With more matches than expected, a scan follows, which costs no more than was spent already.
  return followed === undefined ? scan(ring, chains, range, numbers) : limited(ring, followed, range.limit);
}

/** Returns how many rows of these chains can be followed for the cost of a scan that ends at the limit. */
function mostToFollow(chains: number, span: number, limit: number): number {
  const cost = chains === 1 ? COST_OF_CHAIN : COST_OF_CHAINS;
  const marks = chains === 1 ? 0 : chains * COST_OF_MARK;
  const ofAll = (span + marks) / cost;
  if (ofAll <= limit) return ofAll;
  // If rows lie evenly, a scan passes span * limit / rows places. The result solves for the rows at which that, with
  // the marks, is rows * cost.
  return (marks + Math.sqrt(marks ** 2 + 4 * cost * span * limit)) / (2 * cost);
}

/** Returns true if the range is expected to hold at most `most` rows of the chains. */
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

/** Selects the places of the newest `count` rows of these channels. */
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

/** Gives each channel a small number of its own, and marks the numbers that a scan looks for. */
export class ChannelNumbers {
  readonly #free: number[] = [];
  #next = 1; // 0 stands for hollows
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

/** Ends the places before the send whose text does not fit, unless that send is the first. */
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
