import { asStoreError, BusError, given } from "../errors.ts";
import type { Known } from "../log/query.ts";
import type { Positions } from "../store.ts";
import type { Clock, Timer } from "../util/clock.ts";
import { SingleFlight } from "../util/single-flight.ts";
import { type ConsumerRecord, recordOf, textOf } from "./state.ts";

/** The longest time for which a handled notification stays unwritten, in ms. */
const WRITE_AFTER = 1_000;

/** The most handled notifications that stay unwritten. */
const MOST_UNWRITTEN = 1_000;

/** The share of its lease after which a holder renews it. Two renewals may fail before the lease ends. */
const RENEWALS = 4;

/** A name that was acquired just now. */
export interface LeaseOptions {
  readonly clock: Clock;
  readonly positions: Positions;
  readonly name: string;
  /** The record that was written, with a holder. */
  readonly record: ConsumerRecord;
  /** The version of that write. */
  readonly version: number;
  /** The monotonic time before that write. */
  readonly since: number;
  /** True if the position moves in transactions. A commit of unknown outcome may then have moved it further than this process knows. */
  readonly isTransactional: boolean;
  /** Hears of writes that fail, and of `undefined` after one that succeeds. */
  readonly failed: (error: Error | undefined) => void;
  /** Called after each write. */
  readonly written: () => void;
  /** Ends the work. The lease is lost. */
  readonly lost: (reason: BusError) => void;
}

/**
 * The right of this process to work for a name, and to move its position. A holder that cannot renew the lease in time loses it by
 * its own clock, before another process takes over. A write of a holder that lost it changes nothing, since the version is another.
 */
export class Lease {
  /** The trims after the position that are no loss to this name. Written with the position. */
  known: Known | undefined;
  readonly #options: LeaseOptions;
  readonly #writes = new SingleFlight(() => this.#write());
  readonly #holder: NonNullable<ConsumerRecord["holder"]>;
  #version: number;
  #last: number;
  #unwritten = 0;
  #writtenLast: number;
  #writtenAt: number;
  /** The monotonic time at which the lease ends unless it is renewed. */
  #end: number;
  #timer: Timer | undefined;
  /** True while a transaction moves the position, which a renewal would make fail. */
  #isMoving = false;
  #isOver = false;
  #isFenced = false;
  #isDeleted = false;

  constructor(options: LeaseOptions) {
    const { record, version, since } = options;
    this.#options = options;
    this.#holder = record.holder!; // `acquire` writes a holder
    this.#version = version;
    this.#last = record.last;
    this.known = record.known;
    this.#writtenLast = record.last;
    this.#writtenAt = since;
    this.#end = since + this.#holder.lease;
    this.#watch();
  }

  /** The number of this acquisition. */
  get fence(): number {
    return this.#options.record.fence;
  }

  /** The position up to which everything is handled. */
  get last(): number {
    return this.#last;
  }

  /** True while the lease lasts. Looks at the clock, since a process that was asleep hears of its timers too late. */
  get isHeld(): boolean {
    if (!this.#isOver && this.#options.clock.monotonic() >= this.#end) this.#lose("it could not be renewed in time");
    return !this.#isOver;
  }

  /** Notes that everything up to a position is handled, `count` notifications more. Returns a promise if too many are unwritten. */
  move(last: number, count: number): Promise<void> | undefined {
    this.#last = last;
    this.#unwritten += count;
    return this.#unwritten < MOST_UNWRITTEN ? undefined : this.write();
  }

  /** Writes the position and renews the lease. Never rejects: a failure is reported, and the next write repeats it. */
  write(): Promise<void> {
    return this.#writes.run();
  }

  /**
   * Runs work in a transaction, at whose end the position moves. Resolves with false if the position did not move for certain:
   * `last` then tells where it stands. Rejects with the error of the work, or as the store does; the outcome may be unknown then.
   */
  async moveWithin(last: number, work: (transaction: unknown) => unknown): Promise<boolean> {
    const { name, positions } = this.#options;
    const { isSynchronous, run } = positions.within!; // `consume` looked
    await this.#writes.idle();
    const change = { name, version: () => this.#version, state: () => this.#text(last, this.#holder) };
    const since = this.#options.clock.monotonic();
    try {
      const inside = isSynchronous ? work : (transaction: unknown) => this.#holding(work, transaction);
      const version = await run.call(positions.within, change, inside);
      if (version === undefined) await this.reread();
      else this.#wrote(version, last, since);
      if (version !== undefined) this.#last = last;
      return version !== undefined;
    } finally {
      this.#isMoving = false;
    }
  }

  /** Reads the position again, after a write of unknown outcome. Loses the lease if another process has it. Rejects with `store`. */
  async reread(): Promise<void> {
    const { isTransactional, name, positions } = this.#options;
    const stored = await positions.read(name);
    const record = stored === undefined ? undefined : recordOf(name, stored.state);
    const isOurs = record?.holder?.token === this.#holder.token && record.fence === this.fence;
    if (stored === undefined || record === undefined || !isOurs) {
      this.#isFenced = true;
      this.#isDeleted = stored === undefined;
      this.#lose(stored === undefined ? "its position was deleted" : "another process has taken over");
      return;
    }
    this.#version = stored.version;
    this.#writtenLast = record.last;
    if (isTransactional) this.#last = record.last;
  }

  /** True if the position was found to be deleted. */
  get isDeleted(): boolean {
    return this.#isDeleted;
  }

  /** Writes the position, and gives the name up. Never rejects. */
  async release(): Promise<void> {
    this.#stop();
    await this.#writes.idle();
    if (this.#isFenced) return;
    const { failed, name, positions } = this.#options;
    try {
      let version = await positions.replace(name, this.#version, this.#text(this.#last, undefined));
      if (version === undefined) {
        await this.reread();
        if (!this.#isFenced) version = await positions.replace(name, this.#version, this.#text(this.#last, undefined));
      }
    } catch (error) {
      failed(asStoreError(error, `the position of ${given(name)} could not be written`));
    }
  }

  /** Lets the lease run out, since a handler does not end. Writes nothing any more. */
  abandon(): void {
    this.#stop();
    this.#isFenced = true;
  }

  /** Lets no renewal come between the end of the work and the move. */
  async #holding(work: (transaction: unknown) => unknown, transaction: unknown): Promise<unknown> {
    const result = await work(transaction);
    this.#isMoving = true;
    await this.#writes.idle();
    return result;
  }

  async #write(): Promise<void> {
    const { clock, failed, name, positions } = this.#options;
    if (this.#isOver || this.#isMoving) return;
    const [last, unwritten, since] = [this.#last, this.#unwritten, clock.monotonic()];
    try {
      const version = await positions.replace(name, this.#version, this.#text(last, this.#holder));
      if (version === undefined) await this.reread();
      else {
        this.#unwritten -= unwritten;
        this.#wrote(version, last, since);
      }
      failed(undefined);
    } catch (error) {
      failed(asStoreError(error, `the position of ${given(name)} could not be written`));
    }
  }

  #wrote(version: number, last: number, since: number): void {
    this.#version = version;
    this.#writtenLast = last;
    // A renewal may have come while a transaction was at work. The commit changed the version after that.
    this.#writtenAt = Math.max(this.#writtenAt, since);
    if (!this.#isOver) this.#end = Math.max(this.#end, since + this.#holder.lease);
    this.#options.written();
  }

  #text(last: number, holder: ConsumerRecord["holder"]): string {
    return textOf({ ...this.#options.record, last, holder, known: this.known });
  }

  #watch(): void {
    const { clock } = this.#options;
    const left = this.#end - clock.monotonic();
    const wait = Math.min(WRITE_AFTER, this.#holder.lease / RENEWALS, left);
    this.#timer = clock.setTimeout(() => this.#tick(), Math.max(1, Math.ceil(wait)));
  }

  #tick(): void {
    this.#timer = undefined;
    if (!this.isHeld) return;
    const isDue = this.#options.clock.monotonic() - this.#writtenAt >= this.#holder.lease / RENEWALS;
    if (isDue || this.#last !== this.#writtenLast) void this.write();
    this.#watch();
  }

  #lose(reason: string): void {
    if (this.#isOver) return;
    this.#stop();
    const sentence = `the consumer ${given(this.#options.name)} has lost its lease: ${reason}`;
    this.#options.lost(new BusError("consumer", sentence));
  }

  #stop(): void {
    this.#isOver = true;
    if (this.#timer !== undefined) this.#options.clock.clearTimeout(this.#timer);
    this.#timer = undefined;
  }
}
