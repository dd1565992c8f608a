interface Slot<V> {
  readonly key: string;
  readonly value: V;
}

/** The number of replaced values that may stay among the others. */
const FEW = 16;

/**
 * A map that drops its oldest values. A Map alone would be slow at that: to find its first entry, it passes over all that
 * were deleted before.
 */
export class AgedMap<V extends object> {
  readonly #values = new Map<string, V>();
  /** The values from the oldest to the newest, beginning at `#oldest`. Replaced values are still among them. */
  #order: Slot<V>[] = [];
  #oldest = 0;
  /** The number of replaced values among them. */
  #replaced = 0;

  get size(): number {
    return this.#values.size;
  }

  get(key: string): V | undefined {
    return this.#values.get(key);
  }

  /** The values, in no order. */
  values(): Iterable<V> {
    return this.#values.values();
  }

  /** Sets a value, which becomes the newest. */
  set(key: string, value: V): void {
    const { size } = this.#values;
    this.#values.set(key, value);
    if (this.#values.size === size) this.#replaced += 1;
    this.#order.push({ key, value });
    if (this.#order.length > 2 * (this.#values.size + this.#oldest) + FEW) this.#compact();
  }

  /** Drops values, the oldest first, as long as `isOver` returns true. */
  drop(isOver: (value: V) => boolean): void {
    for (; this.#oldest < this.#order.length; this.#oldest += 1) {
      const { key, value } = this.#order[this.#oldest]!;
      if (this.#replaced > 0 && this.#values.get(key) !== value) {
        this.#replaced -= 1;
        continue;
      }
      if (!isOver(value)) break;
      this.#values.delete(key);
    }
    if (this.#oldest > 0 && this.#oldest * 2 >= this.#order.length) this.#compact();
  }

  /** Puts the values into another order. */
  sort(compare: (one: V, other: V) => number): void {
    this.#compact();
    this.#order.sort((one, other) => compare(one.value, other.value));
  }

  clear(): void {
    this.#values.clear();
    this.#order = [];
    this.#oldest = 0;
    this.#replaced = 0;
  }

  #compact(): void {
    this.#order = this.#order.slice(this.#oldest).filter(({ key, value }) => this.#values.get(key) === value);
    this.#oldest = 0;
    this.#replaced = 0;
  }
}
