import type { Watermark } from "../store.ts";

/** The number of watermarks that are kept before any is forgotten. */
export const KEPT_WATERMARKS = 100_000;

/**
 * The watermarks of channels without rows and readers, of which nothing else remains. The newest 100,000 are kept. A
 * forgotten watermark lies at or below the floor.
 */
export class Watermarks {
  readonly #ids: Map<string, number>;
  #floor: number;

  constructor(floor: number, watermarks: readonly Watermark[]) {
    this.#floor = floor;
    this.#ids = new Map([...watermarks].sort(([, a], [, b]) => a - b));
  }

  /** The largest watermark that was ever forgotten, 0 if none was. */
  get floor(): number {
    return this.#floor;
  }

  /** Returns the watermark of a channel, or an upper bound of it. */
  of(key: string): number {
    return this.#ids.get(key) ?? this.#floor;
  }

  /** Gives a watermark back to a channel that has rows or readers again. */
  take(key: string): number {
    const id = this.of(key);
    this.#ids.delete(key);
    return id;
  }

  raiseFloor(id: number): void {
    if (id > this.#floor) this.#floor = id;
  }

  /** Forgets the watermarks below the floor, except those of these channels. */
  forgetUntold(told: ReadonlyMap<string, number>): void {
    for (const [key, id] of this.#ids) if (id < this.#floor && !told.has(key)) this.#ids.delete(key);
  }

  /** Keeps the watermark of a channel without rows and readers. Returns the channels that are forgotten for it. */
  put(key: string, id: number): readonly string[] {
    // A watermark at or below the floor says nothing that the floor does not say, and no watermark moves back.
    if (id <= this.of(key)) return [];
    this.#ids.delete(key);
    this.#ids.set(key, id);
    return this.#ids.size > KEPT_WATERMARKS * 1.05 ? this.#forget(this.#ids.size - KEPT_WATERMARKS) : [];
  }

  // Many go at once: finding the first key of a Map is not O(1) after deletions at its front.
  #forget(count: number): readonly string[] {
    const forgotten: string[] = [];
    for (const [key, id] of this.#ids) {
      if (forgotten.length === count) break;
      forgotten.push(key);
      this.raiseFloor(id);
      this.#ids.delete(key);
    }
    return forgotten;
  }
}
