import type { Gap, Row, StoreSink } from "../../store.ts";
import type { Sends } from "../shared/given-ids.ts";
import { PAGE_ROWS } from "../shared/limits.ts";
import { handOver, isComplete } from "../shared/news.ts";
import type { NatsMessage } from "./driver.ts";
import { areSame, type Puzzle, type Verdict } from "./puzzle.ts";
import { Marks } from "./trims/marks.ts";
import { gapOf, Messages } from "./trims/messages.ts";
import { PromisedDeletions } from "./trims/promised.ts";
import type { Commit } from "./wire.ts";

/** Of the rows of most messages none is gone; that is one object for all of them. */
const NONE: Set<number> = new Set();

/** A message that this process publishes, and what is in it. */
export interface Wanted {
  readonly id: string;
  readonly sends: Sends;
}

/** Where this process stands in the log: what it has handed over, and what has come that does not follow it. */
export class Cursor {
  readonly #sink: StoreSink;
  readonly messages = new Messages();
  readonly promised = new PromisedDeletions();
  #marks = new Marks();
  #begin = 0;
  #seen: number | undefined;
  #highest = 0;
  #seq = 0;
  #id = "";
  #at = 0;
  #waiting: Commit[] | undefined = [];
  #wanted: Wanted | undefined;
  #found: number | undefined;
  #isDoubted = false;
  #logs = 0;

  constructor(sink: StoreSink) {
    this.#sink = sink;
  }

  get marks(): Marks {
    return this.#marks;
  }

  /** The newest id that was handed over; undefined while something has to be settled first. */
  get seen(): number | undefined {
    return this.#waiting === undefined ? this.#seen : undefined;
  }

  /** The largest id of all that were ever handed over, also of a log that is gone. */
  get highest(): number {
    return this.#highest;
  }

  /** The number of the newest message of the log in the stream. */
  get seq(): number {
    return this.#seq;
  }

  /** The id of that message. */
  get id(): string {
    return this.#id;
  }

  /** When the newest commit was made. */
  get at(): number {
    return this.#at;
  }

  /** How many logs it has begun to follow. */
  get logs(): number {
    return this.#logs;
  }

  /** Whether nothing was handed over of this log yet. */
  get isNew(): boolean {
    return this.#seen === undefined;
  }

  /** Begins anew with a log that begins there. Nothing is handed over before it has settled. */
  reset(begin: number): void {
    this.#logs += 1;
    this.#begin = begin;
    this.#seen = undefined;
    this.#seq = 0;
    this.#id = "";
    this.#at = 0;
    this.#waiting = [];
    this.#isDoubted = false;
    this.#marks = new Marks();
    this.messages.clear();
    this.promised.clear();
  }

  /** Looks out for a message that this process publishes, or for none. */
  want(wanted: Wanted | undefined): void {
    this.#wanted = wanted;
    this.#found = undefined;
  }

  /** What is in the message of this id, if it is the one that is wanted. */
  wantedOf(id: string): Sends | undefined {
    return id === this.#wanted?.id ? this.#wanted.sends : undefined;
  }

  /** The first id of the message that was wanted, if it has come. */
  get found(): number | undefined {
    return this.#found;
  }

  /** Hands over a commit that follows what was; false when it has to be settled what lies between. */
  take(commit: Commit): boolean {
    if (commit.id === this.#wanted?.id) this.#found = commit.first;
    this.#seq = commit.seq;
    this.#id = commit.id;
    if (this.#waiting !== undefined) {
      this.#waiting.push(commit);
      return true;
    }
    if (commit.was !== this.#seen) {
      this.#waiting = [commit];
      return false;
    }
    const { last, rows } = commit;
    handOver({ last, floor: 0, gaps: gapOf(commit), rows, watermarks: undefined }, this.#sink);
    this.#note(commit, rows);
    return true;
  }

  /** Takes in what is said of rows that are gone. */
  hear(message: NatsMessage, seq: number): void {
    if (seq <= this.#marks.seq) return; // this process has said it
    const said = this.#marks.take(message, seq);
    if (said !== undefined) this.promised.add(said, this.messages.delete(said.deleted), this.#sink.clock.monotonic());
  }

  /** Passes over a message that is no commit. */
  skip(seq: number, id: string): void {
    this.#seq = seq;
    this.#id = id;
  }

  /** The newest message that was handed over is not there: others have trimmed it, or it was never in this log. */
  doubt(): void {
    this.#isDoubted = true;
    this.#waiting ??= [];
  }

  /** Hands over what waits, if it is known what became of all that lies between. `known` is what is known to stay unexplained. */
  settle(known: readonly Puzzle[]): Verdict {
    const waiting = this.#waiting;
    if (waiting === undefined) return { kind: "settled" };
    const missing = this.#missing(waiting);
    const isLost = this.#isDoubted && !this.#marks.gone.has(this.#seen!); // only what was handed over can be doubted
    const puzzles: Puzzle[] = [...missing];
    if (this.#marks.isTorn) puzzles.push({ kind: "torn" });
    if (isLost) puzzles.push({ kind: "lost" });
    if (puzzles.length > 0 && !areSame(puzzles, known)) return { kind: "open", puzzles };
    if (this.#seen === undefined) this.#replay(waiting, missing.at(-1)?.to ?? 0);
    else if (missing.length > 0 || isLost || this.#isElsewhere(waiting)) return { kind: "another log" };
    else this.#goOn(waiting, this.#seen);
    this.#waiting = undefined;
    this.#isDoubted = false;
    return { kind: "settled" };
  }

  /** The ids between what was handed over and what waits that nobody has trimmed. */
  #missing(waiting: readonly Commit[]): readonly (Puzzle & { readonly kind: "missing" })[] {
    const missing: (Puzzle & { readonly kind: "missing" })[] = [];
    let last = this.#seen ?? this.#begin;
    for (const commit of waiting) {
      const to = commit.was;
      if (!this.#marks.gone.covers(last + 1, to)) missing.push({ kind: "missing", from: last, to });
      last = commit.last;
    }
    return missing;
  }

  /** Whether what was handed over is no position of this log: it was restored from an older copy. */
  #isElsewhere([first]: readonly Commit[]): boolean {
    const seen = this.#seen!; // else nothing was handed over
    if (first !== undefined && first.was < seen) return true;
    return this.#marks.gaps.some(({ after, before }) => after < seen && seen < before);
  }

  // Rows that others have trimmed meanwhile have their watermarks.
  #goOn(waiting: readonly Commit[], seen: number): void {
    const marks = this.#marks;
    const last = waiting.at(-1)?.last ?? seen;
    const gaps = this.#gapsOf(waiting).filter(({ after }) => after >= seen);
    const rows = this.#alive(waiting).flat();
    const isAll = isComplete(seen, { last, gaps, rows });
    const watermarks = isAll ? undefined : marks.watermarks(marks.floor > seen ? 0 : seen);
    handOver({ last, floor: marks.floor, gaps, rows, watermarks }, this.#sink);
  }

  // All in one go, since readers of another log may be waiting. What somebody else than us has deleted was the floor of every
  // channel: nobody knows on which it was.
  #replay(waiting: readonly Commit[], deleted: number): void {
    const marks = this.#marks;
    const last = waiting.at(-1)?.last ?? this.#begin;
    const floor = Math.max(marks.floor, deleted);
    const watermarks = marks.watermarks(deleted);
    const begin = Math.max(this.#begin, marks.begin);
    this.#sink.reset({ begin, last, gaps: this.#gapsOf(waiting), watermarks, floor });
    let page: Row[] = [];
    for (const rows of this.#alive(waiting)) {
      for (const row of rows) page.push(row);
      if (page.length < PAGE_ROWS) continue;
      this.#sink.commit(page);
      page = [];
    }
    if (page.length > 0) this.#sink.commit(page);
    this.#seen = last;
  }

  /** Notes what waited, and returns the rows of each that nobody has trimmed. */
  #alive(waiting: readonly Commit[]): readonly (readonly Row[])[] {
    return waiting.map((commit) => {
      const rows = commit.rows.filter(({ id, key }) => !this.#marks.isDead(id, key));
      this.#note(commit, rows);
      return rows;
    });
  }

  #gapsOf(waiting: readonly Commit[]): readonly Gap[] {
    const gaps = new Map<number, Gap>();
    const last = waiting.at(-1)?.last ?? 0;
    for (const gap of this.#marks.gaps) if (gap.before <= last) gaps.set(gap.before, gap);
    for (const commit of waiting) for (const gap of gapOf(commit)) gaps.set(gap.before, gap);
    return [...gaps.values()].sort((one, other) => one.before - other.before);
  }

  #note({ seq, was, first, last, at, rows }: Commit, alive: readonly Row[]): void {
    const dead = alive.length === rows.length ? NONE : new Set(rows.map(({ id }) => id));
    if (dead !== NONE) for (const { id } of alive) dead.delete(id);
    this.messages.add({ seq, was, first, last, dead });
    this.#seen = last;
    this.#highest = Math.max(this.#highest, last);
    this.#at = at;
  }
}
