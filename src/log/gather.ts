import { type Chain, NONE, type Ring } from "./ring.ts";

/** Which rows are wanted: from this place on, and at most so many, though a send is never cut. */
export interface Range {
  readonly after: number;
  readonly limit: number;
}

/** Places in the ring, in order. They are overwritten by the next call. */
export interface Found {
  readonly places: Int32Array;
  /** Whether the limit cut anything off. */
  readonly cut: boolean;
}

// Measured: what it costs to follow a chain, per row, when one row that a scan passes by costs 1. Rows of several chains
// have to be sorted as well.
const COST_OF_CHAIN = 2;
const COST_OF_CHAINS = 5;

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
  if (chains.length === 0 || span === 0) return { places: scratch.subarray(0, 0), cut: false };
  const expected = expectedRows(ring, chains, range.after);
  const scanned = expected > range.limit ? (span * range.limit) / expected : span;
  if (expected * (chains.length === 1 ? COST_OF_CHAIN : COST_OF_CHAINS) < scanned) {
    // The rows may lie less evenly than expected; then the scan takes over.
    const followed = follow(ring, chains, range.after, Math.max(64, expected * 2));
    if (followed !== undefined) return limited(ring, followed, range.limit);
  }
  return scan(ring, chains, range, numbers);
}

/** The places of the newest `count` rows of these channels. */
export function gatherNewest<C extends Chain>(ring: Ring<C>, chains: readonly C[], count: number): Int32Array {
  let length = 0;
  for (const chain of chains) {
    let slot = chain.newest;
    for (let left = count; left > 0 && slot !== NONE; left -= 1) {
      reserve(length + 1);
      scratch[length++] = ring.placeOf(slot);
      slot = ring.olderThan(slot);
    }
  }
  return scratch
    .subarray(0, length)
    .sort()
    .subarray(Math.max(0, length - count));
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
    for (const chain of chains) this.#marks[chain.number] = 1;
    try {
      return work(this.#marks);
    } finally {
      for (const chain of chains) this.#marks[chain.number] = 0;
    }
  }
}

function expectedRows<C extends Chain>(ring: Ring<C>, chains: readonly C[], after: number): number {
  const share = (ring.span - after) / ring.span;
  let expected = 0;
  for (const chain of chains) {
    const whole = ring.placeOf(chain.oldest) >= after;
    expected += whole ? chain.size : Math.max(1, chain.size * share);
  }
  return expected;
}

function follow<C extends Chain>(
  ring: Ring<C>,
  chains: readonly C[],
  after: number,
  most: number,
): Int32Array | undefined {
  let length = 0;
  for (const chain of chains) {
    for (let slot = chain.newest; slot !== NONE; slot = ring.olderThan(slot)) {
      const place = ring.placeOf(slot);
      if (place < after) break;
      if (length >= most) return undefined;
      reserve(length + 1);
      scratch[length++] = place;
    }
  }
  const places = scratch.subarray(0, length);
  return chains.length === 1 ? places.reverse() : places.sort();
}

function limited<C extends Chain>(ring: Ring<C>, places: Int32Array, limit: number): Found {
  if (places.length <= limit) return { places, cut: false };
  const send = ring.sendAt(places[limit - 1]!);
  let end = limit;
  while (end < places.length && ring.sendAt(places[end]!) === send) end += 1;
  return { places: places.subarray(0, end), cut: end < places.length };
}

function scan<C extends Chain>(ring: Ring<C>, chains: readonly C[], range: Range, numbers: ChannelNumbers): Found {
  return numbers.marked(chains, (marks) => {
    let length = 0;
    let send = 0;
    for (let place = range.after; place < ring.span; place += 1) {
      if (marks[ring.numberAt(place)] === 0) continue;
      if (length >= range.limit && ring.sendAt(place) !== send)
        return { places: scratch.subarray(0, length), cut: true };
      reserve(length + 1);
      scratch[length++] = place;
      send = ring.sendAt(place);
    }
    return { places: scratch.subarray(0, length), cut: false };
  });
}

function reserve(length: number): void {
  if (length <= scratch.length) return;
  const larger = new Int32Array(scratch.length * 2);
  larger.set(scratch);
  scratch = larger;
}
