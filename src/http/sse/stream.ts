import type { Following, Taker } from "../../core/following.ts";
import type { Answer } from "../../log/answer.ts";
import type { Bucket, Due } from "../../util/deadlines.ts";
import type { Sink } from "../endpoint/request.ts";
import { Outlet } from "../writing/outlet.ts";
import { Pieces } from "../writing/pieces.ts";
import { between, writePieces } from "../writing/write-pieces.ts";
import { framesOf, heartbeat, hello, lengthOf, missed } from "./frames.ts";
import type { StreamContext, StreamOptions } from "./stream-context.ts";

/** The bounds of the pause before a client comes back, in ms. */
const RETRY = { from: 1_000, to: 3_000 };

/**
 * The server-sent events of one client. The stream catches up page by page, waits whenever the connection's buffer is full, and then takes the news. Only bytes that the connection has not taken are queued, because the log is the buffer.
 */
export class Stream implements Due, Taker {
  bucket: Bucket | undefined = undefined;
  slot = 0;
  /** The time of the next heartbeat, by the monotonic clock. */
  beatAt = Number.POSITIVE_INFINITY;
  /** The end of the stream's life, by the monotonic clock. */
  readonly oldAt: number;
  readonly #outlet: Outlet;
  readonly #shared: StreamContext<Stream>;
  readonly #following: Following;
  #owesMissed: boolean;
  #isWriting = false;
  /** The time since which every look saw unsent bytes, by the monotonic clock; undefined if the last look saw none. 0 is the beginning. */
  #unsentSince: number | undefined = 0;
  #hasEnded = false;
  #isGone = false;

  constructor(shared: StreamContext<Stream>, { following, missed, sink, oldAt }: StreamOptions) {
    this.#outlet = new Outlet(sink, shared.unsent, shared.hub.clock);
    this.oldAt = oldAt;
    this.#shared = shared;
    this.#following = following;
    this.#owesMissed = missed;
  }

  get sink(): Sink {
    return this.#outlet.sink;
  }

  get hasEnded(): boolean {
    return this.#hasEnded;
  }

  /** True if the client has bytes to take. */
  get isUnsent(): boolean {
    return this.#isWriting || this.sink.unsent > 0;
  }

  start(): void {
    // After a restart all clients come back, but not all in the same moment.
    const retry = Math.round(RETRY.from + Math.random() * (RETRY.to - RETRY.from));
    this.#guard(() => {
      this.#outlet.write(hello(this.#following.last, retry, this.#shared.heartbeat));
      if (this.#owesMissed)
        this.#outlet.write(missed(this.#following.last, this.#positionBefore(this.#following.peek())));
      this.#catchUp();
    });
  }

  /** Moves a quiet client's cursor, if the client has everything. */
  beat(): void {
    if (!this.#following.isWatching || this.sink.unsent > 0) return;
    this.#following.moveToNewest();
    this.#outlet.write(heartbeat(this.#following.last));
  }

  /**
   * Returns the time, by the monotonic clock, at which the client will have taken nothing for `timeout` ms. Infinite
   * while no bytes are unsent. The count begins with the first look that sees unsent bytes.
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

  /** Ends the stream after the written bytes, and the client comes back. A second call does nothing. */
  end(): void {
    if (this.#hasEnded) return;
    this.#hasEnded = true;
    this.#following.stop();
    if (!this.#isWriting) this.sink.end();
    this.#shared.ended(this);
  }

  /** Ends the stream at once, with its connection. */
  giveUp(): void {
    this.end();
    this.sink.destroy();
  }

  /** Notes that the client has gone. A second call does nothing. */
  gone(): void {
    this.#isGone = true;
    this.#isWriting = false;
    this.end();
    this.#outlet.release();
  }

  /** Takes news. A failed write leaves the client without these notifications, so it has to come back for them. */
  take(answer: Answer): boolean {
    try {
      return this.#take(answer);
    } catch (error) {
      this.end();
      throw error;
    }
  }

  #catchUp(): void {
    this.#outlet.release();
    while (!this.#hasEnded) {
      const from = this.#following.last;
      const answer = this.#following.next(this);
      if (answer === undefined) return;
      if (this.#shared.unsent.isFull) {
        this.end();
        return;
      }
      if (!this.#write(answer, from)) return;
    }
  }

  /** Writes a page. Returns true if the next may follow at once; otherwise the stream goes on by itself. */
  #write(answer: Answer, from: number): boolean {
    const gap = this.#gapBefore(answer, from);
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

  /** Returns the frame `missed`, if rows between this position and an answer were missed. */
  #gapBefore(answer: Answer, from: number): Uint8Array | undefined {
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

  #take(answer: Answer): boolean {
    const frames = framesOf(answer);
    const { unsent } = this.sink;
    if (this.#isTooMuch(lengthOf(frames))) {
      // One turn of the event loop may bring many sends before the socket writes anything. The client is not to blame for that.
      this.#shared.hub.clock.setTimeout(() => this.#guard(() => this.#judge(lengthOf(frames))), 0);
      return false;
    }
    const gap = this.#gapBefore(answer, this.#following.last);
    if (frames instanceof Pieces) {
      this.#following.stop();
      this.#writeInPieces(frames, gap);
      return true;
    }
    this.#outlet.write(gap === undefined ? frames : Buffer.concat([gap, frames]));
    if (unsent > 0) this.#outlet.hold(frames, frames.length);
    else this.#outlet.release();
    return true;
  }

  #judge(length: number): void {
    const { sink } = this;
    if (this.#isTooMuch(length)) this.end();
    else if (sink.unsent > 0) sink.drained(() => this.#guard(() => this.#catchUp()));
    else this.#catchUp();
  }

  // An empty buffer takes one write of any size, because a large send would never get through otherwise.
  #isTooMuch(length: number): boolean {
    const { unsent } = this.sink;
    if (unsent === 0) return false;
    return unsent + length > this.#shared.maxBuffered || this.#shared.unsent.isFull;
  }

  /** Runs work of which no caller hears. */
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
