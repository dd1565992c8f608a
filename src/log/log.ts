// Longer than 250 lines: reading, watching and evicting share the channels, the ring and the positions, and are one invariant.
import type { Gap, LogState, Row, Unseen } from "../store.ts";
import { Ages, type AgesOptions, UNDECIDED } from "./ages.ts";
import { Answer } from "./answer.ts";
import { APART_LIMITS, Apart } from "./apart.ts";
import { LogChannel } from "./channel.ts";
import { type Lag, lagOf } from "./lag.ts";
import { canMiss, misses, missesRows } from "./missed.ts";
import type { PendingTrims } from "./pending-trims.ts";
import { Positions } from "./positions.ts";
import type { Known, Query } from "./query.ts";
import { Ring } from "./ring.ts";
import type { SharedRow } from "./row.ts";
import { ChannelNumbers, type Range, select, selectNewest } from "./select.ts";
import { LogTime, type LogTimeOptions } from "./time.ts";
import { Watermarks } from "./watermarks.ts";

/** The manner in which a waiting reader reads. */
interface Reading {
  readonly limit: number;
  readonly size: number;
  /** True if the reader hears `missed`. A reader from 0 misses nothing. */
  readonly exact: boolean;
}

const NONE: readonly never[] = [];

/** The most rows beyond the bound of rows that stay for readers who have yet to be answered. */
const MOST_KEPT = 100_000;

/** The parts that a log needs. */
export interface LogOptions extends AgesOptions, LogTimeOptions {
  /** Gathers the trimmed rows for the store. */
  readonly pendingTrims: PendingTrims;
}

/** Everything that is retained, in memory, by id and by channel. The log is synchronous, and every answer comes from it. */
export class Log<W> {
  readonly #options: LogOptions;
  readonly #ages: Ages;
  readonly #time: LogTime;
  readonly #ring = new Ring<LogChannel<W>>();
  readonly #channels = new Map<string, LogChannel<W>>();
  readonly #numbers = new ChannelNumbers();
  #positions = new Positions(0, 0, []);
  #watermarks = new Watermarks(0, []);
  /** Rows after this id stay for readers who have yet to be answered. */
  #kept = Number.POSITIVE_INFINITY;
  /** The channels that have too many rows because of that. */
  readonly #heldBack = new Set<LogChannel<W>>();
  /** The rows that are nightbus's own; undefined on a bus without any. */
  #apart: Apart | undefined;

  constructor(options: LogOptions) {
    this.#options = options;
    this.#ages = new Ages(options);
    this.#time = new LogTime(options);
  }

  /** The newest committed id, else the log's beginning. */
  get newest(): number {
    return this.#positions.newest;
  }

  get rows(): number {
    return this.#ring.size;
  }

  /** The retained text, in UTF-16 units of channels and messages. */
  get bytes(): number {
    return this.#ring.units;
  }

  /** The number of channels that have rows or readers. */
  get channels(): number {
    return this.#channels.size;
  }

  /** The smallest limit of age of any channel so far, in ms. */
  get shortestAge(): number {
    return this.#ages.shortest;
  }

  /** The time by which rows age, in ms. */
  time(): number {
    return this.#time.now();
  }

  /** Sets channels apart: they have small limits of their own, and do not count in `total` and `bytes`. */
  setApart(fits: (key: string) => boolean): void {
    const apart = new Apart(fits);
    this.#apart = apart;
    this.#ages.observe(APART_LIMITS.age);
    for (const channel of this.#channels.values()) this.#settle(channel);
    for (let place = 0; place < this.#ring.span; place += 1) {
      const channel = this.#ring.chainAt(place);
      if (channel?.isApart === true) apart.added(this.#ring.unitsAt(place));
      else if (channel !== undefined) apart.observe(this.#ring.sendAt(place));
    }
  }

  /** Replaces all state with the store's. Adds the channels with readers to `touched`. */
  reset(state: LogState, touched: Set<LogChannel<W>>): void {
    while (this.#ring.size > 0) this.#ring.dropOldest(this.#ring.chainAt(0)!);
    this.#apart?.clear();
    this.#positions = new Positions(state.begin, state.last, state.gaps);
    this.#watermarks = new Watermarks(state.floor, state.watermarks);
    this.#time.restart();
    for (const channel of this.#channels.values()) {
      channel.newestId = 0;
      channel.watermark = this.#watermarks.take(channel.key);
      touched.add(channel);
    }
  }

  beginEpoch(gap: Gap): void {
    this.#positions.beginEpoch(gap);
  }

  /** Adds committed rows, at least one, and their channels to `touched`. Evicts nothing, because readers come first. */
  append(rows: readonly Row[], touched: Set<LogChannel<W>>): void {
    let channel: LogChannel<W> | undefined;
    for (const row of rows) {
      if (channel?.key !== row.key) {
        channel = this.channel(row.key);
        touched.add(channel);
      }
      this.#ring.push(channel, row);
      channel.newestId = row.id;
    }
    if (this.#apart !== undefined) this.#count(rows, this.#apart);
    const { id, at } = rows.at(-1)!;
    this.#positions.moveTo(id);
    this.#time.observe(at);
  }

  /** Notes trims of rows that this process never saw. Adds the channels with readers that lost rows to `touched`. */
  noteTrims(unseen: Unseen, touched: Set<LogChannel<W>>): void {
    const told = new Map(unseen.watermarks);
    for (const [key, id] of told) if (!this.#channels.has(key)) this.#keepWatermark(key, id);
    // If another process dropped watermarks we never saw, assume that every unlisted channel lost rows.
    const forgotten = unseen.floor > this.newest;
    for (const channel of this.#channels.values()) {
      const id = told.get(channel.key) ?? (forgotten ? unseen.floor : 0);
      if (id <= channel.watermark) continue;
      channel.watermark = id;
      touched.add(channel);
    }
    this.#watermarks.raiseFloor(unseen.floor);
    if (forgotten) this.#watermarks.forgetUntold(told);
    this.#positions.moveTo(unseen.last);
  }

  /**
   * Returns the channel of this key, and makes it if it is not known. A caller that makes a channel without adding a
   * row calls `release`.
   */
  channel(key: string): LogChannel<W> {
    const known = this.#channels.get(key);
    if (known !== undefined) return known;
    const channel = new LogChannel<W>(key, this.#numbers.take(), this.#ages.first, this.#watermarks.take(key));
    this.#settle(channel);
    this.#channels.set(key, channel);
    return channel;
  }

  /** Forgets a channel without rows and readers, except for its watermark. */
  release(channel: LogChannel<W>): void {
    if (channel.size > 0 || channel.watch !== undefined || channel.called > 0 || channel.watchers > 0) return;
    if (this.#channels.get(channel.key) !== channel) return;
    this.#channels.delete(channel.key);
    this.#numbers.giveBack(channel.number);
    this.#keepWatermark(channel.key, channel.watermark);
  }

  /** Returns the rows after `last` on these channels, up to the limit; undefined if there are none and nothing was missed. */
  read(query: Query): Answer | undefined {
    const isBeyond = query.last > this.newest;
    const from = isBeyond ? (query.skipsRetained === true ? this.newest : 0) : query.last;
    const behind: LogChannel<W>[] = [];
    let missed = canMiss(query.last) && !this.#positions.has(query.last);
    for (const key of query.keys) {
      const channel = this.#channels.get(key);
      if (channel !== undefined && channel.newestId > from) behind.push(channel);
      else if (missesRows(query, from, key, channel?.watermark ?? this.#watermarks.of(key))) missed = true;
    }
    if (behind.length === 0 && !missed) return undefined;
    const now = this.#time.now();
    for (const channel of behind) {
      this.#expire(channel, now);
      if (missesRows(query, from, channel.key, channel.watermark)) missed = true;
    }
    const found = behind.filter(({ size }) => size > 0);
    const after = from === 0 ? this.#ring.placeAfterTime(now - query.lookback - 1) : this.#ring.placeAfter(from);
    const answer = this.#answer(
      found,
      { after, limit: query.limit, size: query.size ?? Number.POSITIVE_INFINITY },
      missed,
    );
    if (answer !== undefined && answer.last < this.newest) {
      answer.known = query.last === 0 || missed ? this.trimsOf(query.keys) : query.known;
    }
    return answer;
  }

  /**
   * Returns the rows of the channels after `from`, for readers who have waited since then; undefined if there is
   * nothing to tell. `missed` is false for readers from 0.
   */
  since(channels: readonly LogChannel<W>[], from: number, { limit, size, exact }: Reading): Answer | undefined {
    const found = channels.filter((channel) => channel.newestId > from && channel.size > 0);
    const missed = channels.some(({ watermark }) => misses(exact, from, watermark));
    return this.#answer(found, { after: this.#ring.placeAfter(from), limit, size }, missed);
  }

  /** Returns the application's rows among the newest `count` rows, which were just added. */
  tail(count: number): readonly SharedRow[] {
    const rows = this.#ring.newest(count);
    if (this.#apart === undefined) return rows;
    const first = this.#ring.span - count;
    return rows.filter((_, index) => this.#ring.chainAt(first + index)?.isApart !== true);
  }

  /** Returns the newest position before the row of this id. */
  positionBefore(id: number): number {
    return this.#positions.before(id);
  }

  /** Returns the rows of this channel, oldest first, and drops none by age. */
  retained(key: string): readonly SharedRow[] {
    const rows: SharedRow[] = [];
    const { newest, size } = this.#channels.get(key) ?? { newest: 0, size: 0 };
    for (let slot = newest; rows.length < size; slot = this.#ring.olderThan(slot)) {
      rows.push(this.#ring.rowAt(this.#ring.placeOf(slot)));
    }
    return rows.reverse();
  }

  /** Returns the newest rows of these channels, oldest first. */
  recent(keys: readonly string[], count: number): Answer {
    const now = this.#time.now();
    const found: LogChannel<W>[] = [];
    for (const key of keys) {
      const channel = this.#channels.get(key);
      if (channel === undefined) continue;
      this.#expire(channel, now);
      if (channel.size > 0) found.push(channel);
    }
    return new Answer(this.#rows(selectNewest(this.#ring, found, count)), this.newest, false);
  }

  /** Returns how far a reader at this position is behind on these channels, and how near to the edge of the retention. */
  lag(keys: readonly string[], last: number, known: Known | undefined): Lag {
    const channels = keys.map((key) => this.#channels.get(key)).filter((channel) => channel !== undefined);
    const { retention } = this.#options;
    const { rows = 0, units = 0 } = this.#apart ?? {};
    const counted = { rows: this.#ring.size - rows, units: this.#ring.units - units };
    const lag = lagOf(this.#ring, { channels, last, now: this.#time.now(), retention, counted });
    const isOver =
      canMiss(last) && channels.some(({ key, watermark }) => watermark > Math.max(last, known?.get(key) ?? 0));
    return isOver ? { ...lag, edge: 1 } : lag;
  }

  /** Returns the newest trimmed id of each of these channels, or an upper bound of it. */
  trimsOf(keys: readonly string[]): Known {
    return new Map(keys.map((key) => [key, this.#channels.get(key)?.watermark ?? this.#watermarks.of(key)]));
  }

  /** Returns the position before all rows, and the trims that a reader from there does not miss. Rows that are too old go first. */
  beginning(keys: readonly string[]): { readonly last: number; readonly known: Known } {
    const now = this.#time.now();
    for (const key of keys) {
      const channel = this.#channels.get(key);
      if (channel !== undefined) this.#expire(channel, now);
    }
    const { begin } = this.#positions;
    const isBefore = this.#ring.size === 0 || this.#ring.sendAt(0) > begin; // a fold of gaps may have moved it behind rows
    return { last: isBefore ? begin : 0, known: this.trimsOf(keys) };
  }

  /** Asks the application for the limits of channels that have rows but no limits yet. Returns these channels. */
  decide(touched: Iterable<LogChannel<W>>): readonly LogChannel<W>[] {
    if (this.#options.retention.of === undefined) return NONE;
    const undecided = [...touched].filter(({ size, limits }) => size > 0 && limits === UNDECIDED);
    for (const channel of undecided) if (channel.limits === UNDECIDED) this.#ages.decide(channel);
    return undecided;
  }

  /** Keeps rows after this id until the next `evict`, for readers who have yet to be answered. */
  keep(after: number): void {
    this.#kept = after;
  }

  /**
   * Evicts rows that others trimmed or that exceed counts and bytes: first on the touched channels, then on all. Rows after `kept`
   * stay for readers who have yet to be answered, until a later call. `isOverfull` says when these readers cannot wait any longer.
   */
  evict(touched: Iterable<LogChannel<W>>, kept: number = Number.POSITIVE_INFINITY): void {
    this.#kept = kept;
    for (const channel of this.#heldBack.size === 0 ? touched : this.#withHeldBack(touched)) {
      while (channel.size > 0 && this.#ring.idIn(channel.oldest) <= channel.watermark) this.#drop(channel);
      while (channel.size > channel.limits.count && this.#mayDrop(channel)) this.#drop(channel);
      if (channel.size > channel.limits.count) this.#heldBack.add(channel);
      this.release(channel);
    }
    if (this.#apart === undefined) this.#evictAll();
    else this.#evictBeside(this.#apart);
  }

  /** True if rows that stay for readers weigh as much again as the bound of bytes, or are 100,000 beyond the bound of rows. */
  get isOverfull(): boolean {
    const { total, bytes } = this.#options.retention;
    if (this.#kept === Number.POSITIVE_INFINITY) return false;
    return this.#ring.units > 2 * bytes || this.#ring.size > total + MOST_KEPT;
  }

  /** Evicts the rows of any channel that are too old. */
  sweep(): void {
    const now = this.#time.now();
    const end = this.#ring.placeAfterTime(now - this.#ages.shortest - 1);
    const old = new Set<LogChannel<W>>();
    for (let place = 0; place < end; place += 1) {
      const channel = this.#ring.chainAt(place);
      if (channel !== undefined) old.add(channel);
    }
    for (const channel of old) this.#expire(channel, now);
  }

  #evictAll(): void {
    const { total, bytes } = this.#options.retention;
    while (this.#ring.size > total || (this.#ring.units > bytes && !this.#ring.holdsOneSend)) {
      const channel = this.#ring.chainAt(0)!;
      if (!this.#mayDrop(channel)) return;
      this.#dropFrom(channel);
    }
  }

  // An own row that is older than all of the application's goes before them, because the oldest row is found at once.
  #evictBeside(apart: Apart): void {
    const { total, bytes } = this.#options.retention;
    const ring = this.#ring;
    const holdsOneSend = (): boolean => ring.sendAt(0) === apart.newestSend;
    while (ring.size - apart.rows > total || (ring.units - apart.units > bytes && !holdsOneSend())) {
      const channel = ring.chainAt(0)!;
      if (!this.#mayDrop(channel)) break;
      this.#dropFrom(channel);
    }
    if (apart.isFull) this.#evictApart(apart);
  }

  #evictApart(apart: Apart): void {
    const oldest: LogChannel<W>[] = [];
    for (let place = 0; place < this.#ring.span; place += 1) {
      const channel = this.#ring.chainAt(place);
      if (channel?.isApart === true) oldest.push(channel);
    }
    for (const channel of oldest) {
      if (apart.isRoomy) return;
      this.#dropFrom(channel);
    }
  }

  #withHeldBack(touched: Iterable<LogChannel<W>>): ReadonlySet<LogChannel<W>> {
    const all = new Set([...this.#heldBack, ...touched]);
    this.#heldBack.clear();
    return all;
  }

  #mayDrop(channel: LogChannel<W>): boolean {
    return this.#ring.idIn(channel.oldest) <= this.#kept;
  }

  #dropFrom(channel: LogChannel<W>): void {
    this.#drop(channel);
    this.release(channel);
  }

  #count(rows: readonly Row[], apart: Apart): void {
    for (const { key, json, send } of rows) {
      if (apart.fits(key)) apart.added(key.length + json.length);
      else apart.observe(send);
    }
  }

  #settle(channel: LogChannel<W>): void {
    if (this.#apart?.fits(channel.key) !== true) return;
    channel.isApart = true;
    channel.limits = APART_LIMITS;
  }

  #answer(found: readonly LogChannel<W>[], range: Range, missed: boolean): Answer | undefined {
    const { places, rest } = select(this.#ring, found, range, this.#numbers);
    if (places.length === 0 && !missed) return undefined;
    // The answer ends just before the next send, because another process may still retain rows that this one trimmed.
    const last = rest === undefined ? this.newest : this.#positions.before(this.#ring.sendAt(rest));
    return new Answer(this.#rows(places), last, missed);
  }

  #rows(places: Int32Array): SharedRow[] {
    const rows: SharedRow[] = [];
    for (const place of places) rows.push(this.#ring.rowAt(place));
    return rows;
  }

  #keepWatermark(key: string, id: number): void {
    const forgotten = this.#watermarks.put(key, id);
    if (forgotten.length > 0) this.#options.pendingTrims.forgot(forgotten, this.#watermarks.floor);
  }

  #expire(channel: LogChannel<W>, now: number): void {
    const expired = now - channel.limits.age;
    if (channel.size === 0 || this.#ring.timeIn(channel.oldest) >= expired) return;
    while (channel.size > 0 && this.#ring.timeIn(channel.oldest) < expired && this.#mayDrop(channel))
      this.#drop(channel);
    this.release(channel);
  }

  #drop(channel: LogChannel<W>): void {
    if (channel.isApart) this.#apart?.dropped(this.#ring.unitsAt(this.#ring.placeOf(channel.oldest)));
    const id = this.#ring.dropOldest(channel);
    channel.watermark = Math.max(channel.watermark, id);
    this.#options.pendingTrims.dropped(id, channel.key);
  }
}
