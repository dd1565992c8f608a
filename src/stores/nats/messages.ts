import type { Hole } from "../../store.ts";
import type { Range } from "./ranges.ts";

/** A message of the log, as far as trimming has to know it. */
export interface Message {
  readonly seq: number;
  readonly was: number;
  readonly first: number;
  readonly last: number;
  /** How many of its rows are retained. */
  live: number;
}

/** The messages of the log that are there, in order. */
export class Messages {
  #list: Message[] = [];

  get list(): readonly Message[] {
    return this.#list;
  }

  add(message: Message): void {
    this.#list.push(message);
  }

  clear(): void {
    this.#list = [];
  }

  /** Those that hold some of these ids, and how many. */
  holding(ids: readonly number[]): ReadonlyMap<Message, number> {
    const counts = new Map<Message, number>();
    for (const id of ids) {
      const message = this.#of(id);
      if (message !== undefined) counts.set(message, (counts.get(message) ?? 0) + 1);
    }
    return counts;
  }

  /** Forgets what was deleted. */
  delete(seqs: readonly number[]): void {
    if (seqs.length === 0) return;
    const deleted = new Set(seqs);
    this.#list = this.#list.filter(({ seq }) => !deleted.has(seq));
  }

  #of(id: number): Message | undefined {
    let low = 0;
    let high = this.#list.length;
    while (low < high) {
      const middle = (low + high) >>> 1;
      if (this.#list[middle]!.last >= id) high = middle;
      else low = middle + 1;
    }
    const message = this.#list[low];
    return message !== undefined && message.first <= id ? message : undefined;
  }
}

/** The hole before a message, where a run begins with it. */
export function holeOf({ was, first }: Pick<Message, "was" | "first">): readonly Hole[] {
  return first > was + 1 ? [{ after: was, before: first }] : [];
}

/** The ids that a message takes, with the hole before it. */
export function rangeOf({ was, last }: Pick<Message, "was" | "last">): Range {
  return [was + 1, last];
}
