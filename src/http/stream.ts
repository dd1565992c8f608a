import type { Answer } from "../log/answer.ts";
import type { Known } from "../log/ask.ts";
import type { Reader } from "../reader.ts";
import type { Bucket, Due } from "../waiters/deadlines.ts";
import { countFitting, framesOf, heartbeat, hello, missed } from "./frames.ts";
import type { Sink } from "./request.ts";

/** What the streams of a mount share: what each had for itself would be paid for by every connection. */
export interface Streaming {
  readonly reader: Reader;
  /** The most unsent bytes of a stream. */
  readonly maxBuffered: number;
  /** Called once for each stream, when it ends. */
  readonly ended: (stream: Stream) => void;
}

export interface StreamOptions {
  readonly keys: readonly string[];
  /** The position to begin after. */
  readonly last: number;
  readonly sink: Sink;
  /** When it grows too old, by the monotonic clock. */
  readonly oldAt: number;
}

/** The shortest and the longest pause that a client is told to make before it comes back, in ms. */
const RETRY = { from: 1_000, to: 3_000 };

/**
 * One client's server-sent events. It catches up page by page, each after the one before has drained, and is then handed what
 * is committed. Nothing is queued for it but what its connection has not taken yet: the log is the buffer.
 */
export class Stream implements Due {
  bucket: Bucket | undefined = undefined;
  slot = 0;
  readonly sink: Sink;
  /** When it grows too old, by the monotonic clock. */
  readonly oldAt: number;
  readonly #shared: Streaming;
  readonly #keys: readonly string[];
  #last: number;
  #known: Known | undefined;
  #stopWatching: (() => void) | undefined;
  #hasEnded = false;

  constructor(shared: Streaming, { keys, last, sink, oldAt }: StreamOptions) {
    this.sink = sink;
    this.oldAt = oldAt;
    this.#shared = shared;
    this.#keys = keys;
    this.#last = last;
  }

  get hasEnded(): boolean {
    return this.#hasEnded;
  }

  start(): void {
    // After a restart all clients come back, and not all in the same moment.
    const retry = Math.round(RETRY.from + Math.random() * (RETRY.to - RETRY.from));
    this.sink.write(hello(this.#last, retry));
    this.#catchUp();
  }

  /** Moves a quiet client's cursor, if it has been given everything. */
  beat(): void {
    if (this.#stopWatching === undefined || this.sink.unsent > 0) return;
    this.#last = this.#shared.reader.last;
    this.sink.write(heartbeat(this.#last));
  }

  /** Ends it after what was written; the client comes back. Twice is once. */
  end(): void {
    if (this.#hasEnded) return;
    this.#hasEnded = true;
    this.#unwatch();
    this.sink.end();
    this.#shared.ended(this);
  }

  #catchUp(): void {
    while (!this.#hasEnded) {
      const answer = this.#page();
      if (answer === undefined) {
        this.#watch();
        return;
      }
      if (!this.#write(answer)) {
        this.sink.drained(() => this.#catchUp());
        return;
      }
    }
  }

  /** What comes next, if anything: no more than may be unsent, but for the rest of the last send. */
  #page(): Answer | undefined {
    const { reader, maxBuffered } = this.#shared;
    const [keys, last, known] = [this.#keys, this.#last, this.#known];
    const ask = { keys, last, known, limit: reader.limit, lookback: Number.POSITIVE_INFINITY };
    const answer = reader.read(ask);
    if (answer === undefined) return undefined;
    const fitting = countFitting(answer.rows, maxBuffered);
    return fitting === answer.rows.length ? answer : reader.read({ ...ask, limit: Math.max(1, fitting) });
  }

  // Nothing was awaited since the last read, so nothing can have come in between.
  #watch(): void {
    const { reader } = this.#shared;
    this.#last = reader.last;
    this.#stopWatching = reader.watch(this.#keys, (answer) => this.#hand(answer));
  }

  #unwatch(): void {
    this.#stopWatching?.();
    this.#stopWatching = undefined;
  }

  // What is not written would be missing between what was before and what comes: the client has to come back for it.
  #hand(answer: Answer): void {
    try {
      this.#take(answer);
    } catch (error) {
      this.end();
      throw error;
    }
  }

  #take(answer: Answer): void {
    const { length } = framesOf(answer);
    if (!this.#isTooMuch(length)) {
      this.#write(answer);
      return;
    }
    // Much may have come in one turn of the event loop, in which nothing is sent: then the client is not to blame.
    this.#unwatch();
    this.#shared.reader.clock.setTimeout(() => this.#judge(length), 0);
  }

  #judge(length: number): void {
    const { sink } = this;
    if (this.#isTooMuch(length)) this.end();
    else if (sink.unsent > 0) sink.drained(() => this.#catchUp());
    else this.#catchUp();
  }

  // One write of any size is allowed on an empty buffer, or a large send would never get through.
  #isTooMuch(length: number): boolean {
    const { unsent } = this.sink;
    return unsent > 0 && unsent + length > this.#shared.maxBuffered;
  }

  /** Writes an answer in one go, and says whether more may follow at once. */
  #write(answer: Answer): boolean {
    const rows = framesOf(answer);
    const from = this.#last;
    this.#last = answer.last;
    this.#known = answer.known;
    if (!answer.missed) return this.sink.write(rows);
    const first = answer.rows[0];
    const position = first === undefined ? answer.last : this.#shared.reader.positionBefore(first.id);
    return this.sink.write(Buffer.concat([missed(from, position), rows]));
  }
}
