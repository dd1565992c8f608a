import { type Clock, keepAlive, LONGEST_TIMER, type Timer } from "./clock.ts";

/** A member that falls due. A member carries its own place, so that removal is O(1). */
export interface Due {
  bucket: Bucket | undefined;
  slot: number;
}

/** Members that fall due together. */
export type Bucket = Due[];

/**
 * Deadlines this close together, in ms, share a bucket if the clock states no grain. A member is late by at most this
 * time, and never early.
 */
const GRAIN = 4;

/** The number of emptied buckets after which the heap is cleaned. */
const VACATED = 100;

/**
 * Deadlines that share one timer. Deadlines of the same few milliseconds share a bucket, and the timer waits for the
 * earliest bucket. The timer keeps the process alive while any member waits, even one with an infinite deadline.
 */
export class Deadlines<T extends Due> {
  readonly #clock: Clock;
  readonly #grain: number;
  readonly #expired: (due: readonly T[]) => void;
  readonly #buckets = new Map<number, Bucket>();
  /** The buckets' times as a binary heap, the earliest first. */
  readonly #times: number[] = [];
  #size = 0;
  /** The number of buckets that were emptied since the heap was last cleaned. */
  #vacated = 0;
  #timer: Timer | undefined;
  #timerTime = Number.POSITIVE_INFINITY;
  #alive = false;

  constructor(clock: Clock, expired: (due: readonly T[]) => void) {
    this.#clock = clock;
    this.#grain = clock.grain ?? GRAIN;
    this.#expired = expired;
  }

  get size(): number {
    return this.#size;
  }

  /** Adds a member that falls due at this time of the monotonic clock. */
  add(due: T, deadline: number): void {
    const time = Math.ceil(deadline / this.#grain) * this.#grain;
    const bucket = this.#buckets.get(time) ?? this.#makeBucket(time);
    due.bucket = bucket;
    due.slot = bucket.push(due) - 1;
    this.#size += 1;
    if (this.#timer === undefined || time < this.#timerTime) this.#setTimer(time);
    this.#keepAlive(true);
  }

  /** Removes a member that no longer waits. A second call does nothing. */
  remove(due: T): void {
    const { bucket, slot } = due;
    if (bucket === undefined) return;
    due.bucket = undefined;
    this.#size -= 1;
    const moved = bucket.pop()!;
    if (moved !== due) {
      bucket[slot] = moved;
      moved.slot = slot;
    }
    if (bucket.length === 0) this.#vacate();
    if (this.#size === 0) this.#keepAlive(false);
  }

  /** Returns all members. */
  all(): readonly T[] {
    return [...this.#buckets.values()].flat() as T[]; // only `add` puts members in, and it takes T
  }

  /** Removes all members, and returns them. */
  drain(): readonly T[] {
    const all: T[] = [];
    for (const bucket of this.#buckets.values()) this.#empty(bucket, all);
    this.#buckets.clear();
    this.#times.length = 0;
    this.#keepAlive(false);
    return all;
  }

  /** Ends the timer. */
  close(): void {
    if (this.#timer !== undefined) this.#clock.clearTimeout(this.#timer);
    this.#timer = undefined;
  }

  #empty(bucket: Bucket, into: T[]): void {
    for (const member of bucket) {
      member.bucket = undefined;
      into.push(member as T); // only `add` puts members in, and it takes T
    }
    this.#size -= bucket.length;
  }

  // Empty buckets mostly leave the heap when their time comes, which may be in days. Removals pay for cleaning the heap
  // earlier.
  #vacate(): void {
    this.#vacated += 1;
    if (this.#vacated < VACATED || this.#vacated * 2 < this.#times.length) return;
    this.#vacated = 0;
    for (const [time, bucket] of this.#buckets) if (bucket.length === 0) this.#buckets.delete(time);
    this.#times.length = 0;
    for (const time of this.#buckets.keys()) push(this.#times, time);
  }

  #makeBucket(time: number): Bucket {
    const bucket: Bucket = [];
    this.#buckets.set(time, bucket);
    push(this.#times, time);
    return bucket;
  }

  #setTimer(time: number): void {
    this.close();
    this.#timerTime = time;
    const delay = Math.min(LONGEST_TIMER, Math.max(1, Math.ceil(time - this.#clock.monotonic())));
    this.#timer = this.#clock.setTimeout(() => this.#ring(), delay);
    this.#alive = true;
    this.#keepAlive(this.#size > 0);
  }

  #ring(): void {
    this.#timer = undefined;
    const now = this.#clock.monotonic();
    const due: T[] = [];
    while (this.#times.length > 0) {
      const time = this.#times[0]!;
      const bucket = this.#buckets.get(time)!;
      // Buckets without members are dropped on the way, so that the timer does not wake for them.
      if (time > now && bucket.length > 0) break;
      pop(this.#times);
      this.#buckets.delete(time);
      this.#empty(bucket, due);
    }
    const next = this.#times[0];
    if (next !== undefined) this.#setTimer(next);
    if (due.length > 0) this.#expired(due);
  }

  #keepAlive(alive: boolean): void {
    if (alive === this.#alive || this.#timer === undefined) return;
    this.#alive = alive;
    keepAlive(this.#timer, alive);
  }
}

function push(heap: number[], time: number): void {
  let index = heap.push(time) - 1;
  while (index > 0) {
    const parent = (index - 1) >> 1;
    if (heap[parent]! <= time) break;
    heap[index] = heap[parent]!;
    index = parent;
  }
  heap[index] = time;
}

function pop(heap: number[]): void {
  const time = heap.pop()!;
  if (heap.length === 0) return;
  let index = 0;
  for (;;) {
    let child = index * 2 + 1;
    if (child + 1 < heap.length && heap[child + 1]! < heap[child]!) child += 1;
    if (child >= heap.length || heap[child]! >= time) break;
    heap[index] = heap[child]!;
    index = child;
  }
  heap[index] = time;
}
