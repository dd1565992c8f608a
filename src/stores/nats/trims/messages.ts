import type { Gap } from "../../../store.ts";
import type { Range } from "./ranges.ts";

/** The facts about a message of the log that trimming needs. */
export interface Message {
  readonly seq: number;
  readonly was: number;
  readonly first: number;
  readonly last: number;
  /** The ids of its rows that are gone. */
  gone: ReadonlySet<number>;
}

/** The messages of the log, in order. */
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

  /**
   * The messages that hold these ids, each with its own. A trim may name rows that are gone already, after the log was read
   * anew.
   */
  holding(ids: readonly number[]): ReadonlyMap<Message, ReadonlySet<number>> {
    const holding = new Map<Message, Set<number>>();
    for (const id of ids) {
      const message = this.#of(id);
      if (message === undefined || message.gone.has(id)) continue;
      const held = holding.get(message);
      if (held === undefined) holding.set(message, new Set([id]));
      else held.add(id);
    }
    return holding;
  }

  /** Removes deleted messages. Returns the numbers of these that were in the list. */
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

/** Notes that these rows of a message are gone. */
export function markGone(message: Message, ids: ReadonlySet<number>): void {
  message.gone = message.gone.size === 0 ? ids : new Set([...message.gone, ...ids]);
}

/** True if no row of a message is left once `more` more are gone. */
export function isEmpty({ first, last, gone }: Message, more = 0): boolean {
  return gone.size + more > last - first;
}

/** The gap before a message, if an epoch begins with it. */
export function gapOf({ was, first }: Pick<Message, "was" | "first">): readonly Gap[] {
  return first > was + 1 ? [{ after: was, before: first }] : [];
}

/** The gaps before these messages, and the known ones that lie no later, in order. */
export function gapsOf(
  known: readonly Gap[],
  messages: readonly Pick<Message, "was" | "first" | "last">[],
): readonly Gap[] {
  const gaps = new Map<number, Gap>();
  const last = messages.at(-1)?.last ?? 0;
  for (const gap of known) if (gap.before <= last) gaps.set(gap.before, gap);
  for (const message of messages) for (const gap of gapOf(message)) gaps.set(gap.before, gap);
  return [...gaps.values()].sort((one, other) => one.before - other.before);
}

/** The ids of a message, and of the gap before it. */
export function rangeOf({ was, last }: Pick<Message, "was" | "last">): Range {
  return [was + 1, last];
}
