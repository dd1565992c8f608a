import { randomBytes } from "node:crypto";
import type { Announcement } from "./marks.ts";

/** After so long, in ms, a process that has said nothing more may not have lived to delete what it said. */
const OVERDUE = 5_000;

interface Promised {
  readonly number: number;
  readonly seqs: readonly number[];
  readonly at: number;
}

/** Messages that other processes have said they delete, by process, until it is known that they have. */
export class PromisedDeletions {
  /** This process, as it calls itself when it says what it deletes. */
  readonly self = randomBytes(6).toString("base64url");
  readonly #of = new Map<string, Promised>();

  /**
   * Notes what a process says, of which these messages are news. Whatever it said before and does not repeat, it has deleted.
   */
  add({ by, number, deleted }: Announcement, news: readonly number[], now: number): void {
    if (by === this.self) return;
    const before = this.#of.get(by);
    const repeated = new Set(deleted);
    const old = before?.seqs.filter((seq) => before.number === number || repeated.has(seq)) ?? [];
    const seqs = [...old, ...news];
    if (seqs.length === 0) this.#of.delete(by);
    else this.#of.set(by, { number, seqs, at: now });
  }

  /** What each process has said long ago, in the order in which it deletes. It is not told again. */
  overdue(now: number): readonly (readonly number[])[] {
    const overdue = [...this.#of].filter(([, { at }]) => now - at >= OVERDUE);
    for (const [by] of overdue) this.#of.delete(by);
    return overdue.map(([, { seqs }]) => seqs);
  }

  clear(): void {
    this.#of.clear();
  }
}
