import type { Gap } from "../../../store.ts";
import type { Range } from "./ranges.ts";

/** A message of the log, as far as trimming has to know it. */
export interface Message {
  readonly seq: number;
  readonly was: number;
  readonly first: number;
  readonly last: number;
  /** Ids of its rows that are not retained. */
  dead: ReadonlySet<number>;
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

  /** Those that hold some of these ids, and which. What is dead already may be trimmed again: it was read anew in between. */
  holding(ids: readonly number[]): ReadonlyMap<Message, ReadonlySet<number>> {
    const holding = new Map<Message, Set<number>>();
    for (const id of ids) {
      const message = this.#of(id);
      if (message === undefined || message.dead.has(id)) continue;
      const held = holding.get(message);
      if (held === undefined) holding.set(message, new Set([id]));
      else held.add(id);
    }
    return holding;
  }

  /** Forgets what was deleted, and returns which of these were known. */
  delete(seqs: readonly number[]): readonly number[] {
    if (seqs.length === 0) return [];
    const deleted = new Set(seqs);
    const known: number[] = [];
    this.#list = this.#list.filter(({ seq }) => !deleted.has(seq) || known.push(seq) < 0);
    return known;
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

/** Notes that these rows of a message are not retained any longer. */
export function bury(message: Message, ids: ReadonlySet<number>): void {
  message.dead = message.dead.size === 0 ? ids : new Set([...message.dead, ...ids]);
}

/** Whether none of a message's rows is retained when so many more are gone. */
export function isEmpty({ first, last, dead }: Message, dying = 0): boolean {
  return dead.size + dying > last - first;
}

/** The gap before a message, where a run begins with it. */
export function gapOf({ was, first }: Pick<Message, "was" | "first">): readonly Gap[] {
  return first > was + 1 ? [{ after: was, before: first }] : [];
}

/** The ids that a message takes, with the gap before it. */
export function rangeOf({ was, last }: Pick<Message, "was" | "last">): Range {
  return [was + 1, last];
}
