import { randomBytes } from "node:crypto";
import type { Announcement } from "./marks.ts";

/** The silence of a process, in ms, after which it may have died before its announced deletions. */
const OVERDUE = 5_000;

interface Announced {
  readonly number: number;
  readonly seqs: readonly number[];
  readonly at: number;
}

/** The deletions that other processes have announced, by process, until they are known to be done. */
export class AnnouncedDeletions {
  /** The name of this process in its announcements. */
  readonly name = randomBytes(6).toString("base64url");
  readonly #of = new Map<string, Announced>();

  /**
   * Notes an announcement. `news` are its messages that were still in the list. Its author has deleted all earlier ones that
   * this announcement does not repeat.
   */
  add({ by, number, deleted }: Announcement, news: readonly number[], now: number): void {
    if (by === this.name) return;
    const before = this.#of.get(by);
    const repeated = new Set(deleted);
    const old = before?.seqs.filter((seq) => before.number === number || repeated.has(seq)) ?? [];
    const seqs = [...old, ...news];
    if (seqs.length === 0) this.#of.delete(by);
    else this.#of.set(by, { number, seqs, at: now });
  }

  /** Returns the deletions of each silent process, in their order, and drops them. */
  overdue(now: number): readonly (readonly number[])[] {
    const overdue = [...this.#of].filter(([, { at }]) => now - at >= OVERDUE);
    for (const [by] of overdue) this.#of.delete(by);
    return overdue.map(([, { seqs }]) => seqs);
  }

  clear(): void {
    this.#of.clear();
  }
}
