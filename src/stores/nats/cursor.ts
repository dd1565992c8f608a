import type { Row, StoreSink } from "../../store.ts";
import { handOver, isComplete } from "../shared/news.ts";
import { PAGE_ROWS } from "../shared/page-size.ts";
import type { NatsMessage } from "./driver.ts";
import { StreamKeys } from "./keys.ts";
import { areSame, type Puzzle, type Verdict } from "./puzzle.ts";
import { AnnouncedDeletions } from "./trims/announced.ts";
import { Marks } from "./trims/marks.ts";
import { gapOf, gapsOf, Messages } from "./trims/messages.ts";
import type { Commit, SentTogether } from "./wire.ts";

/** The empty set. Most messages have all their rows, and share it. */
const NONE: Set<number> = new Set();

/** A message that this process publishes, with its sends. */
export interface Expected extends SentTogether {
  readonly id: string;
}

/** The position of this process in the log, and the commits that have come without following it. */
export class Cursor {
  readonly #sink: StoreSink;
  readonly messages = new Messages();
  readonly announced = new AnnouncedDeletions();
  readonly keys: StreamKeys;
  #marks: Marks;
  #begin = 0;
  #seen: number | undefined;
  #highest = 0;
  #seq = 0;
  #id = "";
  #at = 0;
  #waiting: Commit[] | undefined = [];
  #expected: Expected | undefined;
  #found: number | undefined;
  #isDoubted = false;
  #logs = 0;

  constructor(sink: StoreSink) {
    this.#sink = sink;
    this.keys = new StreamKeys((error) => sink.error(error));
    this.#marks = new Marks(this.keys);
  }

  get marks(): Marks {
    return this.#marks;
  }

  /** The newest id that was handed over. Undefined while commits wait to be settled. */
  get seen(): number | undefined {
    return this.#waiting === undefined ? this.#seen : undefined;
  }

  /** The largest id that was ever handed over, also of a log that is gone. */
  get highest(): number {
    return this.#highest;
  }

  /** The number, in the stream, of the newest message of the log. */
  get seq(): number {
    return this.#seq;
  }

  /** The id that the sender gave that message. */
  get id(): string {
    return this.#id;
  }

  /** The time of the newest commit, in ms. */
  get at(): number {
    return this.#at;
  }

  /** The number of logs that this cursor has begun. */
  get logs(): number {
    return this.#logs;
  }

  /** True until rows of this log were handed over. */
  get isNew(): boolean {
    return this.#seen === undefined;
  }

  /** Begins anew, with a log that begins at this id. Its commits wait until they are settled. */
  reset(begin: number): void {
    this.#logs += 1;
    this.#begin = begin;
    this.#seen = undefined;
    this.#seq = 0;
    this.#id = "";
    this.#at = 0;
    this.#waiting = [];
    this.#isDoubted = false;
    this.#marks = new Marks(this.keys);
    this.keys.clear();
    this.messages.clear();
    this.announced.clear();
  }

  /** Looks out for a message that this process publishes. Undefined ends that. */
  expect(expected: Expected | undefined): void {
    this.#expected = expected;
    this.#found = undefined;
  }

  /** The sends of the message with this id, if it is the expected one. */
  expectedOf(id: string): SentTogether | undefined {
    return id === this.#expected?.id ? this.#expected : undefined;
  }

  /** The first id of the expected message, once it has come. */
  get found(): number | undefined {
    return this.#found;
  }

  /** Hands over a commit. False if it does not follow directly: the ids between have to be settled first. */
  takeCommit(commit: Commit): boolean {
    if (commit.id === this.#expected?.id) this.#found = commit.first;
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
    handOver({ ...commit, floor: 0, gaps: gapOf(commit), watermarks: undefined }, this.#sink);
    this.#note(commit, commit.rows);
    return true;
  }

  /** Takes in a message of the marks. */
  takeMark(message: NatsMessage, seq: number): void {
    if (seq <= this.#marks.seq) return; // this process published it
    const announcement = this.#marks.take(message, seq);
    if (announcement === undefined) return;
    this.keys.release(announcement.deleted);
    this.announced.add(announcement, this.messages.delete(announcement.deleted), this.#sink.clock.monotonic());
  }

  /** Passes over a message that holds no commit. */
  skip(seq: number, id: string): void {
    this.#seq = seq;
    this.#id = id;
  }

  /** Notes that the newest known message is not in the stream. Others have trimmed it, or this is another log. */
  doubt(): void {
    this.#isDoubted = true;
    this.#waiting ??= [];
  }

  /**
   * Hands over the waiting commits, if all ids between are explained. `known` are puzzles that a further read did not solve.
   */
  settle(known: readonly Puzzle[]): Verdict {
    const waiting = this.#waiting;
    if (waiting === undefined) return { kind: "settled" };
    const missing = this.#missing(waiting);
    const isLost = this.#isDoubted && !this.#marks.gone.has(this.#seen!); // a doubt implies a message that was handed over
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

  /** The ids before and between the waiting commits that no mark explains. */
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

  /** True if the position is none of this log, since the stream was restored from an older copy. */
  #isElsewhere([first]: readonly Commit[]): boolean {
    const seen = this.#seen!; // defined, since rows were handed over
    if (first !== undefined && first.was < seen) return true;
    return this.#marks.gaps.some(({ after, before }) => after < seen && seen < before);
  }

  // Watermarks tell of rows that others have trimmed meanwhile.
  #goOn(waiting: readonly Commit[], seen: number): void {
    const marks = this.#marks;
    const last = waiting.at(-1)?.last ?? seen;
    const gaps = gapsOf(marks.gaps, waiting).filter(({ after }) => after >= seen);
    const rows = this.#retained(waiting).flat();
    const watermarks = isComplete(seen, { last, gaps, rows })
      ? undefined
      : marks.watermarks(marks.floor > seen ? 0 : seen);
    handOver({ last, floor: marks.floor, gaps, rows, watermarks }, this.#sink);
  }

  // All pages are handed over in one turn, since readers of the log before may be waiting. Rows that another program deleted
  // may have been on any channel, so the floor covers them.
  #replay(waiting: readonly Commit[], deleted: number): void {
    const marks = this.#marks;
    const last = waiting.at(-1)?.last ?? this.#begin;
    const floor = Math.max(marks.floor, deleted);
    const watermarks = marks.watermarks(deleted);
    this.#sink.reset({
      begin: Math.max(this.#begin, marks.begin),
      last,
      gaps: gapsOf(marks.gaps, waiting),
      watermarks,
      floor,
    });
    let page: Row[] = [];
    for (const rows of this.#retained(waiting)) {
      for (const row of rows) page.push(row);
      if (page.length < PAGE_ROWS) continue;
      this.#sink.add(page);
      page = [];
    }
    if (page.length > 0) this.#sink.add(page);
    this.#seen = last;
  }

  /** Notes the waiting commits, and returns the retained rows of each. */
  #retained(waiting: readonly Commit[]): readonly (readonly Row[])[] {
    return waiting.map((commit) => {
      const rows = commit.rows.filter(({ id, key }) => !this.#marks.isGone(id, key));
      this.#note(commit, rows);
      return rows;
    });
  }

  #note(commit: Commit, retained: readonly Row[]): void {
    const { seq, was, first, last, at, rows } = commit;
    const gone = retained.length === rows.length ? NONE : new Set(rows.map(({ id }) => id));
    if (gone !== NONE) for (const { id } of retained) gone.delete(id);
    this.messages.add({ seq, was, first, last, gone });
    this.keys.take(commit, { isOwn: commit.id === this.#expected?.id });
    this.#seen = last;
    this.#highest = Math.max(this.#highest, last);
    this.#at = at;
  }
}
