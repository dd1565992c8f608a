import type { Answer } from "../log/answer.ts";
import type { Reader } from "../reader.ts";
import { countFitting, framesOf, heartbeat, hello, missed } from "./frames.ts";
import type { Sink } from "./request.ts";

export interface StreamOptions {
  readonly reader: Reader;
  readonly keys: readonly string[];
  /** The position to begin after. */
  readonly last: number;
  readonly sink: Sink;
  /** The most unsent bytes. */
  readonly maxBuffered: number;
  /** Called once, when it ends. */
  readonly ended: () => void;
}

/** The shortest and the longest pause that a client is told to make before it comes back, in ms. */
const RETRY = { from: 1_000, to: 3_000 };

/**
 * One client's server-sent events. It catches up page by page, each after the one before has drained, and is then handed what
 * is committed. Nothing is queued for it but what its connection has not taken yet: the log is the buffer.
 */
export class Stream {
  readonly #options: StreamOptions;
  #last: number;
  #stopWatching: (() => void) | undefined;
  #hasEnded = false;

  constructor(options: StreamOptions) {
    this.#options = options;
    this.#last = options.last;
  }

  start(): void {
    // After a restart all clients come back, and not all in the same moment.
    const retry = Math.round(RETRY.from + Math.random() * (RETRY.to - RETRY.from));
    this.#options.sink.write(hello(this.#last, retry));
    this.#catchUp();
  }

  /** Moves a quiet client's cursor, if it has been given everything. */
  beat(): void {
    const { reader, sink } = this.#options;
    if (this.#stopWatching === undefined || sink.unsent > 0) return;
    this.#last = reader.last;
    sink.write(heartbeat(this.#last));
  }

  /** Ends it after what was written; the client comes back. Twice is once. */
  end(): void {
    if (this.#hasEnded) return;
    this.#hasEnded = true;
    this.#unwatch();
    this.#options.sink.end();
    this.#options.ended();
  }

  #catchUp(): void {
    const { sink } = this.#options;
    while (!this.#hasEnded) {
      const answer = this.#page();
      if (answer === undefined) {
        this.#watch();
        return;
      }
      if (!this.#write(answer)) {
        sink.drained(() => this.#catchUp());
        return;
      }
    }
  }

  /** What comes next, if anything: no more than may be unsent, but for the rest of the last send. */
  #page(): Answer | undefined {
    const { reader, keys, maxBuffered } = this.#options;
    const ask = { keys, last: this.#last, limit: reader.limit, lookback: Number.POSITIVE_INFINITY };
    const answer = reader.read(ask);
    if (answer === undefined) return undefined;
    const fitting = countFitting(answer.rows, maxBuffered);
    return fitting === answer.rows.length ? answer : reader.read({ ...ask, limit: Math.max(1, fitting) });
  }

  // Nothing was awaited since the last read, so nothing can have come in between.
  #watch(): void {
    const { reader, keys } = this.#options;
    this.#last = reader.last;
    this.#stopWatching = reader.watch(keys, (answer) => this.#hand(answer));
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
    const { reader } = this.#options;
    const { length } = framesOf(answer);
    if (!this.#isTooMuch(length)) {
      this.#write(answer);
      return;
    }
    // Much may have come in one turn of the event loop, in which nothing is sent: then the client is not to blame.
    this.#unwatch();
    reader.clock.setTimeout(() => this.#judge(length), 0);
  }

  #judge(length: number): void {
    const { sink } = this.#options;
    if (this.#isTooMuch(length)) this.end();
    else if (sink.unsent > 0) sink.drained(() => this.#catchUp());
    else this.#catchUp();
  }

  // One write of any size is allowed on an empty buffer, or a large send would never get through.
  #isTooMuch(length: number): boolean {
    const { sink, maxBuffered } = this.#options;
    return sink.unsent > 0 && sink.unsent + length > maxBuffered;
  }

  /** Writes an answer in one go, and says whether more may follow at once. */
  #write(answer: Answer): boolean {
    const { reader, sink } = this.#options;
    const rows = framesOf(answer);
    const from = this.#last;
    this.#last = answer.last;
    if (!answer.missed) return sink.write(rows);
    const first = answer.rows[0];
    const position = first === undefined ? answer.last : reader.positionBefore(first.id);
    return sink.write(Buffer.concat([missed(from, position), rows]));
  }
}
