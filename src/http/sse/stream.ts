import type { Answer } from "../../log/answer.ts";
import type { Known } from "../../log/query.ts";
import type { Bucket, Due } from "../../util/deadlines.ts";
import type { Sink } from "../endpoint/request.ts";
import { Outlet } from "../writing/outlet.ts";
import { Pieces } from "../writing/pieces.ts";
import { between, writePieces } from "../writing/write-pieces.ts";
import { framesOf, heartbeat, hello, lengthOf, missed } from "./frames.ts";
import type { Streaming, StreamOptions } from "./streaming.ts";

/** The shortest and the longest pause that a client is told to make before it comes back, in ms. */
const RETRY = { from: 1_000, to: 3_000 };

/**
 * One client's server-sent events. It catches up page by page, each after the one before has drained, and is then handed what
 * is committed. Nothing is queued for it but what its connection has not taken yet: the log is the buffer.
 */
export class Stream implements Due {
  bucket: Bucket | undefined = undefined;
  slot = 0;
  /** The time of its next heartbeat, by the monotonic clock. */
  beatAt = Number.POSITIVE_INFINITY;
  /** When it grows too old, by the monotonic clock. */
  readonly oldAt: number;
  readonly #outlet: Outlet;
  readonly #shared: Streaming<Stream>;
  readonly #keys: readonly string[];
  #last: number;
  #known: Known | undefined;
  #owesMissed: boolean;
  #stopWatching: (() => void) | undefined;
  #isWriting = false;
  /** The first of the latest looks that all saw something unsent, by the monotonic clock: 0 for the stream's beginning. */
  #unsentSince: number | undefined = 0;
  #hasEnded = false;
  #isGone = false;

  constructor(shared: Streaming<Stream>, { keys, last, missed, sink, oldAt }: StreamOptions) {
    this.#outlet = new Outlet(sink, shared.unsent, shared.hub.clock);
    this.oldAt = oldAt;
    this.#shared = shared;
    this.#keys = keys;
    this.#last = last;
    this.#owesMissed = missed;
  }

  get sink(): Sink {
    return this.#outlet.sink;
  }

  get hasEnded(): boolean {
    return this.#hasEnded;
  }

  /** True if its client has yet to take something. */
  get isUnsent(): boolean {
    return this.#isWriting || this.sink.unsent > 0;
  }

  start(): void {
    // After a restart all clients come back, and not all in the same moment.
    const retry = Math.round(RETRY.from + Math.random() * (RETRY.to - RETRY.from));
    this.#guard(() => {
      this.#outlet.write(hello(this.#last, retry, this.#shared.heartbeat));
      if (this.#owesMissed) this.#outlet.write(missed(this.#last, this.#positionBefore(this.#page())));
      this.#catchUp();
    });
  }

  /** Moves a quiet client's cursor, if it has been given everything. */
  beat(): void {
    if (this.#stopWatching === undefined || this.sink.unsent > 0) return;
    this.#last = this.#shared.hub.last;
    this.#outlet.write(heartbeat(this.#last));
  }

  /**
   * The time, by the monotonic clock, at which its client has taken nothing for so many ms: infinite while nothing is unsent.
   * The count begins with the first look that sees something unsent.
   */
  stuckAt(now: number, timeout: number): number {
    const { unsent } = this.sink;
    if (unsent === 0) {
      this.#unsentSince = undefined;
      this.#outlet.release();
      return Number.POSITIVE_INFINITY;
    }
    if (!this.#outlet.holds) this.#outlet.hold(this, unsent);
    this.#unsentSince ??= now;
    return Math.max(this.#unsentSince, this.#outlet.movedAt()) + timeout;
  }

  /** Ends it after what was written; the client comes back. Twice is once. */
  end(): void {
    if (this.#hasEnded) return;
    this.#hasEnded = true;
    this.#unwatch();
    if (!this.#isWriting) this.sink.end();
    this.#shared.ended(this);
  }

  /** Ends it at once, with its connection. */
  giveUp(): void {
    this.end();
    this.sink.destroy();
  }

  /** Its client has gone. Twice is once. */
  gone(): void {
    this.#isGone = true;
    this.#isWriting = false;
    this.end();
    this.#outlet.release();
  }

  #catchUp(): void {
    this.#outlet.release();
    while (!this.#hasEnded) {
      const answer = this.#page();
      if (answer === undefined) {
        this.#watch();
        return;
      }
      if (this.#shared.unsent.isFull) {
        this.end();
        return;
      }
      if (!this.#write(answer)) return;
    }
  }

  /** The next answer, if any: no larger than may be unsent, but for a first send that is larger. */
  #page(): Answer | undefined {
    const { hub, maxBuffered } = this.#shared;
    const query = { keys: this.#keys, last: this.#last, known: this.#known, limit: hub.limit, size: maxBuffered };
    return hub.read({ ...query, lookback: Number.POSITIVE_INFINITY });
  }

  /** Writes a page, and says whether more may follow at once; else it goes on by itself. */
  #write(answer: Answer): boolean {
    const gap = this.#pass(answer);
    const frames = framesOf(answer);
    if (frames instanceof Pieces) {
      this.#writeInPieces(frames, gap);
      return false;
    }
    const bytes = gap === undefined ? frames : Buffer.concat([gap, frames]);
    if (this.#outlet.write(bytes)) return true;
    this.#outlet.hold(bytes, bytes.length);
    this.sink.drained(() => this.#guard(() => this.#catchUp()));
    return false;
  }

  /** Moves on past an answer. Returns the frame that says what was missed before it, if anything. */
  #pass(answer: Answer): Uint8Array | undefined {
    const from = this.#last;
    this.#last = answer.last;
    this.#known = answer.known;
    return answer.missed ? missed(from, this.#positionBefore(answer)) : undefined;
  }

  #positionBefore(answer: Answer | undefined): number {
    const { hub } = this.#shared;
    const first = answer?.rows[0];
    return first === undefined ? (answer?.last ?? hub.last) : hub.positionBefore(first.id);
  }

  #writeInPieces(pieces: Pieces, gap: Uint8Array | undefined): void {
    this.#isWriting = true;
    this.#outlet.hold(pieces, pieces.size);
    const guard = (work: () => void): void => this.#guard(work);
    const done = (): void => {
      this.#isWriting = false;
      if (this.#hasEnded) this.sink.end();
      else this.#catchUp();
    };
    writePieces({ outlet: this.#outlet, read: between(gap, pieces.read(), ""), guard, done });
  }

  // Nothing was awaited since the last read, so nothing can have come in between.
  #watch(): void {
    const { hub } = this.#shared;
    this.#last = hub.last;
    this.#stopWatching = hub.watch(this.#keys, (answer) => this.#hand(answer));
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
    const frames = framesOf(answer);
    const { unsent } = this.sink;
    if (this.#isTooMuch(lengthOf(frames))) {
      // Much may have come in one turn of the event loop, in which nothing is sent: then the client is not to blame.
      this.#unwatch();
      this.#shared.hub.clock.setTimeout(() => this.#guard(() => this.#judge(lengthOf(frames))), 0);
      return;
    }
    if (frames instanceof Pieces) {
      this.#unwatch();
      this.#writeInPieces(frames, this.#pass(answer));
      return;
    }
    const gap = this.#pass(answer);
    this.#outlet.write(gap === undefined ? frames : Buffer.concat([gap, frames]));
    if (unsent > 0) this.#outlet.hold(frames, frames.length);
    else this.#outlet.release();
  }

  #judge(length: number): void {
    const { sink } = this;
    if (this.#isTooMuch(length)) this.end();
    else if (sink.unsent > 0) sink.drained(() => this.#guard(() => this.#catchUp()));
    else this.#catchUp();
  }

  // One write of any size is allowed on an empty buffer, or a large send would never get through.
  #isTooMuch(length: number): boolean {
    const { unsent } = this.sink;
    if (unsent === 0) return false;
    return unsent + length > this.#shared.maxBuffered || this.#shared.unsent.isFull;
  }

  /** Runs what nobody waits for. */
  #guard(work: () => void): void {
    if (this.#isGone) return;
    try {
      work();
    } catch (thrown) {
      this.#isWriting = false;
      this.end();
      this.#shared.failed(thrown);
    }
  }
}
