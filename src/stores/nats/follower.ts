import type { Clock } from "../../clock.ts";
import type { Row, StoreSink } from "../../store.ts";
import { Syncs } from "../../syncs.ts";
import { handOver, isComplete } from "../shared/news.ts";
import { PATIENCE } from "../shared/patience.ts";
import { Ledger } from "./ledger.ts";
import type { Contents, Delivered, Standing, Stream } from "./stream.ts";
import type { Commit } from "./wire.ts";

export interface FollowerOptions {
  readonly clock: Clock;
  readonly sink: StoreSink;
  readonly stream: Stream;
  /** It cannot go on by itself, and has to catch up. */
  readonly behind: () => void;
  /** Writes where the log begins: the stream is new, or somebody else has deleted messages. */
  readonly begin: (standing: Standing) => Promise<void>;
  /** Messages are there that somebody was about to delete. */
  readonly orphans: (seqs: readonly number[]) => void;
}

/** How long what should come by itself is waited for, in ms, before it is read anew. */
const SOON = 300;

/** Commits that are gathered, of what was there already, before they are handed over. */
const GATHERED = 500;

/** Where this process stands in the stream: what it has read of it, and what it has handed over. */
export class Follower {
  readonly #options: FollowerOptions;
  readonly #reads: Syncs;
  #ledger = new Ledger();
  #created: string | undefined;
  #seq = 0;
  #seen: number | undefined;
  /** The newest message of a commit, by which the stream is known again. */
  #anchor: { readonly seq: number; readonly name: string } | undefined;
  /** Commits that were read, and are not handed over yet. */
  #gathered: Commit[] = [];
  /** What is in the stream, while it is read from the beginning. */
  #replayed: number[] = [];
  #readings = 0;
  #stop: (() => void) | undefined;
  #waiting: { readonly seq: number; readonly resolve: (came: boolean) => void }[] = [];
  #expected: { readonly name: string; commit: Commit | undefined } | undefined;

  constructor(options: FollowerOptions) {
    this.#options = options;
    this.#reads = new Syncs(() => this.#read());
  }

  get ledger(): Ledger {
    return this.#ledger;
  }

  /** The newest message that was read. */
  get seq(): number {
    return this.#seq;
  }

  /** The newest id that was handed over; undefined when that belongs to a log that is gone. */
  get seen(): number | undefined {
    return this.#seen;
  }

  /** How often the stream was read anew: since then it may be another that looks the same. */
  get readings(): number {
    return this.#readings;
  }

  /** Hands over what was committed before the call; the first time it replays the log. Rejects with the client's error. */
  catchUp(): Promise<void> {
    return this.#reads.run();
  }

  /** Reads no more, until something is to be caught up with. */
  pause(): void {
    this.#stop?.();
    this.#stop = undefined;
  }

  /** Looks out for a commit of this name, and answers how to ask whether it has come. */
  expect(name: string): () => Commit | undefined {
    const expected = { name, commit: undefined };
    this.#expected = expected;
    return () => expected.commit;
  }

  /** Takes what this process has written right after the newest message that it had read. */
  wrote(seq: number, contents: Contents): void {
    if (seq === this.#seq + 1) this.#take({ seq, pending: 0, contents: () => contents });
  }

  async #read(): Promise<void> {
    const before = this.#seq; // it may be more when the answer comes
    const standing = await this.#options.stream.standing();
    if (this.#seen === undefined || standing === undefined) return this.#replay();
    if (standing.created !== this.#created || standing.last < before) return this.#replay();
    if (!(await this.#comes(standing.last)) && !(await this.#readOn(standing))) return this.#replay();
    await this.#checkWhole(standing);
    if (!this.#handOver()) return this.#replay();
  }

  /** Whether all up to a message comes by itself. */
  #comes(seq: number): Promise<boolean> {
    if (this.#stop === undefined) return Promise.resolve(false);
    return this.#until(seq, SOON);
  }

  #until(seq: number, ms: number): Promise<boolean> {
    if (this.#seq >= seq) return Promise.resolve(true);
    const { clock } = this.#options;
    return new Promise((resolve) => {
      const waiting = { seq, resolve };
      this.#waiting.push(waiting);
      clock.setTimeout(() => {
        this.#waiting = this.#waiting.filter((one) => one !== waiting);
        resolve(false);
      }, ms);
    });
  }

  /** Reads what comes after the newest message that was read; false when that is not the stream any more which it was of. */
  async #readOn({ last }: Standing): Promise<boolean> {
    const { stream, behind } = this.#options;
    this.pause();
    this.#readings += 1;
    const reading = this.#readings;
    const anchor = this.#anchor;
    const name = anchor === undefined ? undefined : await stream.nameOf(anchor.seq);
    let drained = false;
    const { pending, stop } = await stream.read(this.#seq + 1, {
      message: (message) => {
        if (reading !== this.#readings) return;
        drained ||= message.pending === 0;
        this.#take(message);
      },
      broken: () => {
        if (reading !== this.#readings) return;
        this.pause();
        behind();
      },
    });
    this.#stop = stop;
    if (pending > 0) await this.#drain(() => drained, last);
    this.#reached(Math.max(this.#seq, last));
    return anchor === undefined || name === anchor.name || (name === undefined && !this.#ledger.kept.has(anchor.seq));
  }

  // What was there may be deleted before it is delivered.
  async #drain(isDrained: () => boolean, last: number): Promise<void> {
    const deadline = this.#options.clock.monotonic() + PATIENCE;
    while (!isDrained() && !(await this.#until(last, SOON))) {
      if (this.#options.clock.monotonic() < deadline) continue;
      this.pause();
      throw Object.assign(new Error("what is in the stream did not come"), { name: "TimeoutError" });
    }
  }

  // Of every message but those that nightbus deletes it can be told that it is there.
  async #checkWhole(standing: Standing): Promise<void> {
    const { begin, deleted } = this.#ledger;
    if (begin === 0 || standing.messages < standing.last - deleted) await this.#options.begin(standing);
  }

  #take({ seq, pending, contents }: Delivered): void {
    if (seq <= this.#seq) return; // it was sent here
    const { name, commit, marks } = contents();
    if (this.#seen === undefined) this.#replayed.push(seq);
    if (marks !== undefined) this.#ledger.addMarks(seq, marks);
    if (commit !== undefined) {
      this.#ledger.addCommit(seq, commit);
      this.#anchor = { seq, name };
      this.#gathered.push(commit);
      if (this.#expected?.name === name) this.#expected.commit = commit;
    }
    const isMuch = this.#gathered.length > GATHERED;
    if (this.#seen !== undefined && (pending === 0 || isMuch) && this.#follows()) this.#handOver();
    else if (this.#seen !== undefined && pending === 0) this.#options.behind();
    this.#reached(seq);
  }

  #reached(seq: number): void {
    this.#seq = seq;
    for (const waiting of this.#waiting) if (waiting.seq <= seq) waiting.resolve(true);
    this.#waiting = this.#waiting.filter((waiting) => waiting.seq > seq);
  }

  /** Whether what was gathered follows what was handed over, and nothing between is missing. */
  #follows(): boolean {
    let last = this.#seen;
    for (const commit of this.#gathered) {
      if (commit.was !== last) return false;
      ({ last } = commit);
    }
    return true;
  }

  /** Hands over what was gathered; false when what was handed over before is of another log. */
  #handOver(): boolean {
    const { sink } = this.#options;
    const [seen, ledger, last] = [this.#seen!, this.#ledger, this.#gathered.at(-1)?.last];
    if (last === undefined) return seen >= ledger.begin;
    const holes = ledger.holesAfter(seen).filter(({ before }) => before <= last);
    if (last < seen || seen < ledger.begin || holes.some(({ after }) => after < seen)) return false;
    const rows = this.#gathered.flatMap((commit) => commit.rows);
    this.#gathered = [];
    this.#seen = last;
    const { floor } = ledger;
    if (isComplete(seen, { last, holes, rows })) {
      handOver({ last, floor: 0, holes, rows, watermarks: undefined }, sink);
      return true;
    }
    const held = rows.filter(({ id }) => ledger.holds(id));
    handOver({ last, floor, holes, rows: held, watermarks: ledger.watermarksAfter(seen) }, sink);
    return true;
  }

  // All is handed over in one go, since readers of the log before may be waiting.
  async #replay(): Promise<void> {
    const { stream, sink, orphans } = this.#options;
    this.#seen = undefined; // nothing that is committed meanwhile follows it
    const standing = (await stream.standing()) ?? (await stream.made());
    this.#created = standing.created;
    this.#ledger = new Ledger();
    this.#anchor = undefined;
    this.#gathered = [];
    this.#replayed = [];
    this.#seq = 0;
    await this.#readOn(standing);
    await this.#checkWhole(standing);
    const ledger = this.#ledger;
    const { last, kept } = ledger;
    const [holes, watermarks] = [ledger.holesAfter(0), ledger.watermarksAfter(0)];
    sink.opened({ begin: ledger.begin, last, holes, watermarks, floor: ledger.floor });
    for (const { rows } of this.#gathered)
      commitTo(
        sink,
        rows.filter(({ id }) => ledger.holds(id)),
      );
    this.#gathered = [];
    this.#seen = last;
    orphans(this.#replayed.filter((seq) => !kept.has(seq)));
    this.#replayed = [];
  }
}

function commitTo(sink: StoreSink, rows: readonly Row[]): void {
  if (rows.length > 0) sink.commit(rows);
}
