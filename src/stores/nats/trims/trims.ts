import { randomBytes } from "node:crypto";
import type { Trimmed, Watermark } from "../../../store.ts";
import type { Clock } from "../../../util/clock.ts";
import { Unreachable } from "../../shared/failures.ts";
import type { Connection } from "../connection.ts";
import type { Cursor } from "../cursor.ts";
import { isConflict, Unanswered } from "../failures.ts";
import type { Stream } from "../stream.ts";
import { changeHeader, partHeader } from "../wire.ts";
import { type Change, cut, packChange } from "./changes.ts";
import { gapOf, isEmpty, type Message, markGone, rangeOf } from "./messages.ts";

/** The tries of one portion while other processes trim as well. */
const TRIES = 3;

/** The parts that trimming in NATS needs. */
export interface TrimsOptions {
  readonly clock: Clock;
  readonly connection: Connection;
  readonly stream: Stream;
  readonly cursor: Cursor;
  /** Hands over all commits before the call. Makes a stream anew that is gone. */
  readonly catchUp: () => Promise<void>;
  /** Reports a failure that the next portion mends. */
  readonly report: (error: unknown) => void;
}

interface Trimming {
  /** The new facts of a portion. Undefined if there are none. */
  readonly change: Change | undefined;
  /** The messages without any row left. */
  readonly going: readonly Message[];
}

/**
 * Trims portions in the stream, by the protocol in README.md. An announcement of all rows that go is published first. Then
 * messages without any row left are deleted, but never the newest, which shows where the log ends. One process is first, and
 * the others follow it.
 */
export class Trims {
  readonly #options: TrimsOptions;
  /** The numbers of announced messages, until they are deleted. */
  #announced: readonly number[] = [];
  /** The numbers of messages whose announcement got no answer. */
  #unsure: readonly number[] = [];
  /** The number of changes that it has published. */
  #number = 0;
  #logs = 0;
  #losses = 0;
  /** True if the server refused to publish behind the newest mark without a newer one. */
  #trustsServer = false;
  /** Channels whose watermarks go once no message holds a row of theirs. */
  #lingering = new Set<string>();

  constructor(options: TrimsOptions) {
    this.#options = options;
  }

  /** Trims a portion. False if other processes were faster again and again. */
  async trim(portion: Trimmed): Promise<boolean> {
    const { cursor, connection } = this.#options;
    for (const key of portion.forgotten) this.#lingering.add(key);
    for (let tries = 0; tries < TRIES; tries += 1) {
      const { losses } = connection;
      await this.#settle(losses);
      const trimmed = cursor.messages.holding(portion.ids);
      const { change, going } = this.#change(portion, trimmed);
      try {
        if (change !== undefined) await this.#publish(change, losses);
      } catch (error) {
        if (error instanceof Unanswered) this.#unsure = [...this.#unsure, ...seqsOf(going)];
        if (!isConflict(error) && !(error instanceof Unreachable)) throw error;
        const { seq } = cursor.marks;
        await this.#options.catchUp(); // makes a stream anew that is gone
        this.#trustsServer = isConflict(error) && seq === cursor.marks.seq;
        continue;
      }
      for (const [message, ids] of trimmed) markGone(message, ids);
      for (const key of change?.forgotten ?? []) this.#lingering.delete(key);
      this.#announced = [...this.#announced, ...seqsOf(going)];
      cursor.messages.delete(this.#announced);
      await this.#tidy(losses).catch((error) => {
        if (!isConflict(error)) this.#options.report(error); // the next portion deletes the rest
      });
      return true;
    }
    return false;
  }

  /** Deletes the rest. Rejects as `Connection.ask` does. */
  async finish(): Promise<void> {
    const { losses } = this.#options.connection;
    if (this.#announced.length === 0) return;
    await this.#settle(losses);
    await this.#delete(losses);
  }

  /** Finds out which announcements arrived. In another stream, the numbers would name other messages. */
  async #settle(losses: number): Promise<void> {
    const { cursor, catchUp } = this.#options;
    if (losses !== this.#losses) await catchUp(); // notices another stream
    this.#losses = losses;
    if (this.#logs !== cursor.logs) [this.#announced, this.#unsure] = [[], []];
    this.#logs = cursor.logs;
    if (this.#unsure.length === 0) return;
    const there = new Set(seqsOf(cursor.messages.list)); // an announcement that arrived has removed its messages
    this.#announced = [...this.#announced, ...this.#unsure.filter((seq) => !there.has(seq))];
    this.#unsure = [];
  }

  #change(portion: Trimmed, trimmed: ReadonlyMap<Message, ReadonlySet<number>>): Trimming {
    const { ids, keys, floor } = portion;
    const { keys: sendKeys, marks, messages, seq } = this.#options.cursor;
    const newest = new Map<string, number>();
    for (const [index, key] of keys.entries()) newest.set(key, Math.max(newest.get(key) ?? 0, ids[index]!));
    const watermarks: Watermark[] = [...newest].filter(([key, id]) => id > marks.watermark(key));
    const ends = (message: Message): boolean => isEmpty(message, trimmed.get(message)?.size);
    const empty = messages.list.filter(ends);
    const going = empty.filter((message) => message.seq !== seq);
    const alive = messages.list.find((message) => !ends(message));
    const oldest = alive?.first ?? Number.POSITIVE_INFINITY;
    const raises = portion.forgotten.length > 0 && floor > marks.floor;
    const forgotten = this.#forgotten(Math.max(marks.floor, floor), oldest, newest);
    const gone = empty.filter(({ first, last }) => !marks.gone.covers(first, last));
    const leaving = sendKeys.leaving(seqsOf(going));
    const changes = watermarks.length + going.length + forgotten.length + gone.length + leaving.length;
    if (changes === 0 && !raises) return { change: undefined, going };
    const change = {
      watermarks,
      forgotten,
      floor: raises || forgotten.length > 0 ? floor : 0,
      keys: leaving,
      gaps: going.flatMap(gapOf),
      gone: empty.map((message) => (message.seq === seq ? ([message.first, message.last] as const) : rangeOf(message))),
      deleted: [...this.#announced, ...seqsOf(going)],
      begin: 0,
    };
    return { change, going };
  }

  /** The channels whose watermarks can go. Until then a watermark also tells which rows of a message are trimmed. */
  #forgotten(floor: number, oldest: number, newest: ReadonlyMap<string, number>): readonly string[] {
    const { marks } = this.#options.cursor;
    return [...this.#lingering].filter((key) => {
      const watermark = Math.max(marks.watermark(key), newest.get(key) ?? 0);
      if (watermark > floor) this.#lingering.delete(key); // the channel was trimmed again
      return watermark <= floor && watermark < oldest;
    });
  }

  async #publish(change: Change, losses: number): Promise<void> {
    const { stream } = this.#options;
    const { marks, announced } = this.#options.cursor;
    this.#number += 1;
    const header = changeHeader({ by: announced.name, number: this.#number });
    for (const piece of cut(change, stream.room)) {
      const { seq, bytes } = await this.#publishMark(piece, header, losses);
      if (seq > marks.seq) marks.apply(piece, bytes); // otherwise it came before its answer
      marks.seq = Math.max(marks.seq, seq);
    }
  }

  async #tidy(losses: number): Promise<void> {
    const { clock, stream, cursor } = this.#options;
    for (const seqs of cursor.announced.overdue(clock.monotonic())) {
      // The last message is deleted last, so that it tells of all.
      if (await stream.has(seqs.at(-1)!, losses)) this.#announced = [...this.#announced, ...seqs];
    }
    await this.#delete(losses);
    if (cursor.marks.isHeavy) await this.#compact(losses);
  }

  async #delete(losses: number): Promise<void> {
    const { stream, cursor } = this.#options;
    const kept = cursor.messages.list[0]?.seq ?? 0;
    const oldest = this.#announced.filter((seq) => seq < kept);
    const single = oldest.length > 1 ? this.#announced.filter((seq) => seq > kept) : this.#announced;
    if (oldest.length > 1) await stream.purge(stream.log, kept, losses);
    await Promise.all(single.map((seq) => stream.delete(seq, losses)));
    this.#announced = [];
  }

  // The older changes count until the whole snapshot exists, and are deleted then.
  async #compact(losses: number): Promise<void> {
    const { stream, cursor } = this.#options;
    const { marks } = cursor;
    const of = randomBytes(6).toString("hex");
    const pieces = cut(marks.snapshot(), stream.room);
    let first = 0;
    let bytes = 0;
    for (const [index, piece] of pieces.entries()) {
      const published = await this.#publishMark(piece, partHeader({ of, index, count: pieces.length }), losses);
      marks.seq = Math.max(marks.seq, published.seq);
      bytes += published.bytes;
      if (index === 0) first = published.seq;
    }
    marks.compacted(bytes);
    await stream.purge(stream.marks, first, losses);
  }

  /** Publishes a change right behind the newest known mark. Rejects with a conflict if there is a newer one. */
  async #publishMark(
    change: Change,
    header: string,
    losses: number,
  ): Promise<{ readonly seq: number; readonly bytes: number }> {
    const { stream, cursor } = this.#options;
    const body = packChange(change);
    const publication = {
      subject: stream.marks,
      body,
      header,
      after: cursor.marks.seq,
      trustsServer: this.#trustsServer,
    };
    const { seq } = await stream.publish(publication, losses);
    this.#trustsServer = false;
    return { seq, bytes: body.length };
  }
}

function seqsOf(messages: readonly Message[]): readonly number[] {
  return messages.map(({ seq }) => seq);
}
