/** A part of a bus that ends with it, such as a mount. */
export interface Closable {
  close(): void;
}

/**
 * The parts that end with a bus. The list holds each part weakly, because a hot reload makes a new mount each time. An old
 * mount is collected once none of its requests is open. The hub has the list, so that all copies of nightbus share it.
 */
export class Closings {
  readonly #all = new Set<WeakRef<Closable>>();
  #isClosed = false;

  /** The number of parts that are still there. */
  get size(): number {
    this.#prune();
    return this.#all.size;
  }

  /** Adds a part. Closes the part at once if the bus has closed. */
  add(part: Closable): void {
    if (this.#isClosed) {
      part.close();
      return;
    }
    this.#prune();
    this.#all.add(new WeakRef(part));
  }

  /** Closes all parts, and each that is added later. */
  close(): void {
    this.#isClosed = true;
    for (const part of this.#all) part.deref()?.close();
    this.#all.clear();
  }

  #prune(): void {
    for (const part of this.#all) if (part.deref() === undefined) this.#all.delete(part);
  }
}
