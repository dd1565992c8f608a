/** Ids from `from` to `to`, both included. */
export type Range = readonly [from: number, to: number];

/** A set of ids, as ordered ranges that do not touch. */
export class Ranges {
  #list: Range[] = [];

  get list(): readonly Range[] {
    return this.#list;
  }

  add(from: number, to: number): void {
    if (to < from) return;
    const start = this.#firstEndingFrom(from - 1);
    let end = start;
    let range: Range = [from, to];
    for (; end < this.#list.length && this.#list[end]![0] <= to + 1; end += 1) {
      const [low, high] = this.#list[end]!;
      range = [Math.min(low, range[0]), Math.max(high, range[1])];
    }
    this.#list.splice(start, end - start, range);
  }

  has(id: number): boolean {
    const range = this.#list[this.#firstEndingFrom(id)];
    return range !== undefined && range[0] <= id;
  }

  /** True if the set has all of these ids. There may be none. */
  covers(from: number, to: number): boolean {
    if (to < from) return true;
    const range = this.#list[this.#firstEndingFrom(from)];
    return range !== undefined && range[0] <= from && range[1] >= to;
  }

  #firstEndingFrom(id: number): number {
    let low = 0;
    let high = this.#list.length;
    while (low < high) {
      const middle = (low + high) >>> 1;
      if (this.#list[middle]![1] >= id) high = middle;
      else low = middle + 1;
    }
    return low;
  }
}
