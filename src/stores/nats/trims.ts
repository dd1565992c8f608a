import { randomBytes } from "node:crypto";
import type { Trimmed, Watermark } from "../../store.ts";
import { type Change, cut, packChange } from "./changes.ts";
import type { Connection } from "./connection.ts";
import { isConflict, Unreachable } from "./failures.ts";
import type { Follower } from "./follower.ts";
import { holeOf, type Message, rangeOf } from "./messages.ts";
import type { Stream } from "./stream.ts";
import { type Part, partHeader } from "./wire.ts";

/** How often it is tried again at once when another process trims as well. */
const TRIES = 3;

export interface TrimsOptions {
  readonly connection: Connection;
  readonly stream: Stream;
  readonly follower: Follower;
  /** Hands over what was published before the call. */
  readonly catchUp: () => Promise<void>;
  readonly failed: (error: unknown) => void;
}

interface Trimming {
  /** What is new of a batch; undefined when it is known already. */
  readonly change: Change | undefined;
  /** Messages that hold nothing any longer. */
  readonly doomed: readonly Message[];
}

/**
 * Forgets what the log has trimmed. First it is published what will be gone, then messages are deleted that hold nothing else;
 * but never the newest, by which it is known where the log ends. Of several processes one is first, and the others come after it.
 */
export class Trims {
  readonly #options: TrimsOptions;
  /** Messages that are said to be gone, and perhaps are not yet. */
  #doomed: Message[] = [];
  /** Channels whose watermarks are to be forgotten when no message holds rows of theirs any longer. */
  #lingering = new Set<string>();

  constructor(options: TrimsOptions) {
    this.#options = options;
  }

  /** Forgets a batch; false when other processes were quicker again and again. */
  async trim(batch: Trimmed): Promise<boolean> {
    const { follower, connection } = this.#options;
    const { losses } = connection;
    for (const key of batch.forgotten) this.#lingering.add(key);
    for (let tries = 0; tries < TRIES; tries += 1) {
      const counts = follower.messages.holding(batch.ids);
      const { change, doomed } = this.#change(batch, counts);
      try {
        if (change !== undefined) await this.#publish(change);
      } catch (error) {
        if (!isConflict(error) && !(error instanceof Unreachable)) throw error;
        await this.#options.catchUp(); // which makes a stream anew that is gone
        continue;
      }
      for (const [message, count] of counts) message.live -= count;
      for (const key of change?.forgotten ?? []) this.#lingering.delete(key);
      await this.#delete(doomed, losses).catch((error) => {
        if (!isConflict(error)) this.#options.failed(error); // what is not deleted now is with the next batch
      });
      return true;
    }
    return false;
  }

  #change(batch: Trimmed, counts: ReadonlyMap<Message, number>): Trimming {
    const { ids, keys, floor } = batch;
    const { marks, messages, seq } = this.#options.follower;
    const newest = new Map<string, number>();
    for (const [index, key] of keys.entries()) newest.set(key, Math.max(newest.get(key) ?? 0, ids[index]!));
    const watermarks: Watermark[] = [...newest].filter(([key, id]) => id > marks.watermark(key));
    const empty = messages.list.filter((message) => message.live <= (counts.get(message) ?? 0));
    const doomed = empty.filter((message) => message.seq !== seq);
    const alive = messages.list.find((message) => message.live > (counts.get(message) ?? 0));
    const oldest = alive?.first ?? Number.POSITIVE_INFINITY;
    const raises = batch.forgotten.length > 0 && floor > marks.floor;
    const forgotten = this.#forgotten(Math.max(marks.floor, floor), oldest, newest);
    const gone = empty.filter(({ first, last }) => !marks.gone.covers(first, last));
    const changes = watermarks.length + doomed.length + forgotten.length + gone.length;
    if (changes === 0 && !raises) return { change: undefined, doomed };
    const change = {
      watermarks,
      forgotten,
      floor: raises || forgotten.length > 0 ? floor : 0,
      holes: doomed.flatMap(holeOf),
      gone: empty.map((message) => (message.seq === seq ? ([message.first, message.last] as const) : rangeOf(message))),
      deleted: doomed.map((message) => message.seq),
    };
    return { change, doomed };
  }

  /** The channels whose watermarks can go. A watermark also says which rows of a message are trimmed that holds others. */
  #forgotten(floor: number, oldest: number, newest: ReadonlyMap<string, number>): readonly string[] {
    const { marks } = this.#options.follower;
    return [...this.#lingering].filter((key) => {
      const watermark = Math.max(marks.watermark(key), newest.get(key) ?? 0);
      if (watermark > floor) this.#lingering.delete(key); // it was trimmed again
      return watermark <= floor && watermark < oldest;
    });
  }

  async #publish(change: Change): Promise<void> {
    const { stream } = this.#options;
    for (const piece of cut(change, stream.room)) await this.#say(piece, undefined);
  }

  async #delete(doomed: readonly Message[], losses: number): Promise<void> {
    const { stream, follower } = this.#options;
    this.#doomed.push(...doomed);
    follower.messages.delete(doomed.map(({ seq }) => seq));
    const kept = follower.messages.list[0]?.seq ?? 0;
    const oldest = this.#doomed.filter(({ seq }) => seq < kept);
    const single = oldest.length > 1 ? this.#doomed.filter(({ seq }) => seq > kept) : this.#doomed;
    if (oldest.length > 1) await stream.purge(stream.log, kept, losses);
    await Promise.all(single.map(({ seq }) => stream.delete(seq, losses)));
    this.#doomed = [];
    if (follower.marks.isHeavy) await this.#compact(losses);
  }

  // The changes before are deleted when the whole snapshot is there; until then they count, and it does not.
  async #compact(losses: number): Promise<void> {
    const { stream, follower } = this.#options;
    const of = randomBytes(6).toString("hex");
    const pieces = cut(follower.marks.snapshot(), stream.room);
    let first = 0;
    let bytes = 0;
    for (const [index, piece] of pieces.entries()) {
      const said = await this.#say(piece, { of, index, count: pieces.length });
      bytes += said.bytes;
      if (index === 0) first = said.seq;
    }
    follower.marks.compacted(bytes);
    await stream.purge(stream.marks, first, losses);
  }

  /** Publishes after all that this process knows, or not at all. */
  async #say(change: Change, part: Part | undefined): Promise<{ readonly seq: number; readonly bytes: number }> {
    const { connection, stream, follower } = this.#options;
    const body = packChange(change);
    const { marks } = follower;
    const publication = { subject: stream.marks, body, header: partHeader(part), after: marks.seq };
    const { seq } = await stream.publish(publication, connection.losses);
    if (seq > marks.seq && part === undefined) marks.apply(change, body.length); // else it was heard before it was answered
    marks.seq = Math.max(marks.seq, seq);
    return { seq, bytes: body.length };
  }
}
