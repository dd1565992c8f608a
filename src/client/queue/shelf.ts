import type { ClientError } from "../errors.ts";
import { failure } from "./failure.ts";
import type { QueueStorage } from "./types.ts";
import { nameOf, newKey, type SentEntry, textOf, type Waiting, waitingOf } from "./waiting.ts";

/** The most settled sends that a shelf remembers. */
const MOST_SETTLED = 1_000;

/** The parts of a shelf. */
export interface ShelfOptions {
  /** Absent if the sends wait in memory alone. */
  readonly storage: QueueStorage | undefined;
  /** The beginning of each key in the storage. */
  readonly prefix: string;
  readonly count: number;
  readonly bytes: number;
  /** Hears of a storage that fails, once, and of each content that is no send. */
  readonly failed: (error: ClientError) => void;
}

/**
 * Keeps the sends that wait, in their order. Each has a key of its own in the storage, so that no tab overwrites the send of
 * another. A send that the storage does not take waits in memory.
 */
export class Shelf {
  readonly #options: ShelfOptions;
  readonly #memory = new Map<string, string>();
  /** Settled keys. Another tab's storage may show a send for a moment after its end. */
  readonly #settled = new Set<string>();
  /** The tried send that was looked at last: the age in ms that it had when this page first saw it, at the page's time. */
  #seen: { readonly key: string; readonly age: number; readonly at: number } | undefined;
  #newest = 0;
  #hasFailed = false;

  constructor(options: ShelfOptions) {
    this.#options = options;
  }

  /** The number of sends that wait. */
  get size(): number {
    return this.#names().length;
  }

  /** Returns those of these sends that wait no more. None if the storage does not list its sends. */
  without(sends: readonly Waiting[]): readonly Waiting[] {
    const isListed = this.#stored();
    const names = new Set(this.#names());
    return sends.filter((send) => isListed && !names.has(nameOf(send)));
  }

  /** Adds a send behind all others. Throws `full`. */
  add(entries: readonly SentEntry[]): Waiting {
    const { count, bytes } = this.#options;
    const names = this.#names();
    const text = textOf({ entries, tried: 0 });
    if (names.length >= count)
      throw failure("full", `${names.length} sends wait, and the queue takes ${count} (count)`);
    const held = names.reduce((sum, name) => sum + (this.#read(name)?.length ?? 0), text.length);
    if (held > bytes) throw failure("full", `the queue takes ${bytes} characters (bytes), and this send makes ${held}`);
    const last = names.at(-1);
    this.#newest = Math.max(Date.now(), this.#newest + 1, last === undefined ? 0 : placeOf(last) + 1);
    const send = { key: newKey(), place: this.#newest, entries: JSON.parse(text).entries, tried: 0 };
    this.#write(nameOf(send), text);
    return send;
  }

  /** Returns the send that is next. Content that is no send is removed, and told of. */
  first(): Waiting | undefined {
    for (const name of this.#names()) {
      const text = this.#read(name);
      if (text === undefined) continue; // another tab was faster
      const send = waitingOf(name, text);
      if (send !== undefined) return send;
      this.#delete(name);
      this.#options.failed(
        failure("storage", `the storage holds under ${this.#options.prefix}${name} no send, and it is removed`),
      );
    }
    return undefined;
  }

  /** Notes that a send is about to be tried, or that no try of it can have committed. */
  mark(send: Waiting, tried: number): void {
    if (tried !== 0 && send.tried !== 0) return; // the first try counts
    this.#seen = tried === 0 ? undefined : { key: send.key, age: 0, at: performance.now() };
    this.#write(nameOf(send), textOf({ entries: send.entries, tried }));
  }

  /**
   * Returns the time in ms since the first try of a send; 0 without one. A page counts by two clocks, of which one may stand
   * still and the other be set. After a reload only the wall clock is left: a try in its future has any age.
   */
  ageOf({ key, tried }: Waiting): number {
    if (tried === 0) return 0;
    const wall = Date.now() - tried;
    const now = performance.now();
    if (this.#seen?.key !== key) this.#seen = { key, age: wall < 0 ? Number.POSITIVE_INFINITY : wall, at: now };
    return Math.max(wall, this.#seen.age + now - this.#seen.at);
  }

  /** Removes a send. Returns false if it was removed before. */
  remove(send: Pick<Waiting, "key" | "place">): boolean {
    if (this.#settled.has(send.key)) return false;
    this.#settled.add(send.key);
    for (const oldest of this.#settled) {
      if (this.#settled.size <= MOST_SETTLED) break;
      this.#settled.delete(oldest);
    }
    this.#delete(nameOf(send));
    return true;
  }

  /** Returns the sends that would not outlive the page, in order. */
  fleeting(): readonly Waiting[] {
    return this.#names().flatMap((name) => waitingOf(name, this.#memory.get(name) ?? "") ?? []);
  }

  /** The names of the sends that wait, in order. A name begins with its place. */
  #names(): readonly string[] {
    const names = new Set(this.#memory.keys());
    for (const name of this.#stored() ?? []) {
      if (!this.#settled.has(name.slice(name.indexOf(".") + 1))) names.add(name);
      else this.#delete(name);
    }
    return [...names].sort((one, other) => placeOf(one) - placeOf(other) || (one < other ? -1 : 1));
  }

  #stored(): readonly string[] | undefined {
    const { storage, prefix } = this.#options;
    return this.#attempt((kept) => {
      const keys = Array.from({ length: kept.length }, (_, at) => kept.key(at) ?? "");
      return keys.filter((key) => key.startsWith(prefix)).map((key) => key.slice(prefix.length));
    }, storage);
  }

  #read(name: string): string | undefined {
    const { storage, prefix } = this.#options;
    return this.#memory.get(name) ?? this.#attempt((kept) => kept.getItem(prefix + name), storage) ?? undefined;
  }

  #write(name: string, text: string): void {
    const { storage, prefix } = this.#options;
    const isKept = this.#attempt(
      (kept) => {
        kept.setItem(prefix + name, text);
        return true;
      },
      this.#memory.has(name) ? undefined : storage,
    );
    if (isKept) return;
    this.#memory.set(name, text);
    this.#attempt((kept) => kept.removeItem(prefix + name), storage); // an older text would be a second copy
  }

  #delete(name: string): void {
    const { storage, prefix } = this.#options;
    this.#memory.delete(name);
    this.#attempt((kept) => kept.removeItem(prefix + name), storage);
  }

  #attempt<T>(work: (storage: QueueStorage) => T, storage: QueueStorage | undefined): T | undefined {
    if (storage === undefined) return undefined;
    try {
      return work(storage);
    } catch (cause) {
      if (!this.#hasFailed) {
        this.#hasFailed = true;
        this.#options.failed(
          failure("storage", `the storage failed, so sends may be lost at a reload: ${cause}`, cause),
        );
      }
      return undefined;
    }
  }
}

/** Returns the place in a name. A name that is none comes first, and is removed with its content. */
function placeOf(name: string): number {
  return Number.parseInt(name, 10) || 0;
}
