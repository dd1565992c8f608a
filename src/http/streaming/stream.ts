// Longer than 250 lines: the steps of one stream, which share its state.

import type { Following, Taker } from "../../core/following.ts";
import type { Answer } from "../../log/answer.ts";
import type { Bucket, Due } from "../../util/deadlines.ts";
import type { Sink } from "../endpoint/request.ts";
import { Outlet } from "../writing/outlet.ts";
import { Pieces } from "../writing/pieces.ts";
import { between, joined, writePieces } from "../writing/write-pieces.ts";
import type { StreamContext, StreamOptions } from "./stream-context.ts";
import type { Beating, Ending } from "./stream-kind.ts";

/**
 * The notifications of one client, without an end. The stream catches up page by page, waits whenever the connection's buffer is full, and then takes the news. Only bytes that the connection has not taken are queued, because the log is the buffer.
 */
export class Stream<S extends Sink> implements Due, Taker, Beating<S> {
  bucket: Bucket | undefined = undefined;
  slot = 0;
  /** The time of the next beat, by the monotonic clock. */
  beatAt: number;
  /** The end of the stream's life, by the monotonic clock. For an ended stream, that of its connection. */
  oldAt: number;
  readonly #outlet: Outlet<S>;
  readonly #shared: StreamContext<S, Stream<S>>;
  #following: Following | undefined;
  /** Returns the follower with which the stream goes on. */
  #next: (() => Following | undefined) | undefined = undefined;
  #between: (() => void) | undefined = undefined;
  /** A stream that writes pieces, or waits for its client, goes on by itself. */
  #state: "idle" | "writing" | "waiting" = "idle";
  #ending: Ending | undefined = undefined;
  #isGone = false;

  constructor(shared: StreamContext<S, Stream<S>>, { following, sink, beatAt, oldAt }: StreamOptions<S>) {
    this.#outlet = new Outlet(sink, shared.unsent, shared.hub.clock);
    this.beatAt = beatAt;
    this.oldAt = oldAt;
    this.#shared = shared;
    this.#following = following;
  }

  get sink(): S {
    return this.#outlet.sink;
  }

  get hasEnded(): boolean {
    return this.#ending !== undefined;
  }

  /** The reason for which the stream has ended; undefined while it goes on. */
  get ending(): Ending | undefined {
    return this.#ending;
  }

  /** True if the client has bytes to take. */
  get isUnsent(): boolean {
    return this.#state === "writing" || this.sink.unsent > 0;
  }

  start(greeting: (() => Uint8Array) | undefined): void {
    this.#guard(() => {
      if (greeting !== undefined) this.#outlet.write(greeting());
      this.#catchUp();
    });
  }

  /** Goes on with another follower; undefined reads nothing. `make` runs once the client was given all that is on its way, so that the follower can begin right after it. */
  turn(make: () => Following | undefined): void {
    this.#next = make;
    this.#pause();
  }

  /** Runs work between two answers, once the client took all that is on its way. The newest work replaces one that waits. */
  between(work: () => void): void {
    this.#between = work;
    this.#pause();
  }

  write(bytes: Uint8Array): void {
    this.#outlet.write(bytes);
  }

  moveToNewest(): number | undefined {
    if (!this.#following?.isWatching || this.sink.unsent > 0) return undefined;
    this.#following.moveToNewest();
    return this.#following.last;
  }

  /** Returns the time, by the monotonic clock, at which the client will have taken nothing for `timeout` ms. */
  stuckAt(now: number, timeout: number): number {
    return this.#outlet.stuckAt(now, timeout);
  }

  /** Ends the stream after the written bytes, and the client comes back. A second call does nothing. */
  end(ending: Ending): void {
    if (this.#stop(ending) && this.#state !== "writing") this.#shared.kind.end(this.sink, ending);
  }

  giveUp(): void {
    this.#stop("slow");
    this.sink.destroy();
  }

  /** Notes that the client has gone. A second call does nothing. */
  gone(): void {
    this.#isGone = true;
    this.#state = "idle";
    this.end("own");
    this.#outlet.release();
    this.#shared.gone(this);
  }

  /** Takes news. A failed write leaves the client without these notifications, so it has to come back for them. */
  take(answer: Answer): boolean {
    try {
      return this.#take(answer);
    } catch (error) {
      this.end("failed");
      throw error;
    }
  }

  #stop(ending: Ending): boolean {
    if (this.#ending !== undefined) return false;
    this.#ending = ending;
    this.#outlet.movedAt(); // bytes that the client takes from here on count for its grace
    this.#following?.stop();
    this.#shared.ended(this, ending);
    return true;
  }

  #pause(): void {
    if (this.hasEnded || this.#state !== "idle") return;
    this.#following?.stop();
    this.#guard(() => (this.sink.unsent > 0 ? this.#wait() : this.#catchUp()));
  }

  #catchUp(): void {
    this.#state = "idle";
    this.#outlet.release();
    const work = this.#between;
    this.#between = undefined;
    if (!this.hasEnded) work?.();
    if (this.#next !== undefined && !this.hasEnded) {
      this.#following?.stop();
      this.#following = this.#next();
      this.#next = undefined;
    }
    while (!this.hasEnded && this.#following !== undefined) {
      const from = this.#following.last;
      const answer = this.#following.next(this);
      if (answer === undefined) return;
      if (this.#shared.unsent.isFull) this.end("slow");
      else if (!this.#write(answer, from)) return;
    }
  }

  /** Writes a page. Returns true if the next may follow at once; otherwise the stream goes on by itself, or has ended. */
  #write(answer: Answer, from: number): boolean {
    if (this.#shared.kind.admits?.(this.sink) === false) return false;
    const gap = this.#gapBefore(answer, from);
    if (answer.rows.length === 0) return this.#tell(gap);
    const frames = this.#shared.kind.framesOf(answer);
    this.#shared.kind.given?.(this.sink, answer);
    if (!(frames instanceof Pieces)) return this.#writeWhole(joined(gap, frames));
    this.#writeInPieces(frames, gap);
    return false;
  }

  #tell(gap: Uint8Array | undefined): true {
    if (gap !== undefined) this.#outlet.write(gap);
    return true;
  }

  #writeWhole(bytes: Uint8Array): boolean {
    if (this.#outlet.write(bytes)) return true;
    this.#outlet.holdWritten(bytes);
    this.#wait();
    return false;
  }

  /** Goes on once the client took what was written. */
  #wait(): void {
    this.#state = "waiting";
    this.sink.drained(() => this.#guard(() => this.#catchUp()));
  }

  #gapBefore(answer: Answer, from: number): Uint8Array | undefined {
    return answer.missed ? this.#shared.kind.missed(this.sink, from, answer) : undefined;
  }

  #writeInPieces(pieces: Pieces, gap: Uint8Array | undefined): void {
    this.#state = "writing";
    this.#outlet.hold(pieces, pieces.size);
    const done = (): void => {
      this.#state = "idle";
      if (this.#ending !== undefined) this.#shared.kind.end(this.sink, this.#ending);
      else this.#catchUp();
    };
    writePieces({
      outlet: this.#outlet,
      read: between(gap, pieces.read(), ""),
      guard: (work) => this.#guard(work),
      done,
    });
  }

  #take(answer: Answer): boolean {
    if (this.#shared.kind.admits?.(this.sink) === false) return false;
    const from = this.#following?.last ?? 0;
    if (answer.rows.length === 0) return this.#tell(this.#gapBefore(answer, from));
    const frames = this.#shared.kind.framesOf(answer);
    const length = frames instanceof Pieces ? frames.size : frames.length;
    const { unsent } = this.sink;
    if (this.#isTooMuch(length)) {
      this.#state = "waiting";
      // One turn of the event loop may bring many sends before the socket writes anything. The client is not to blame for that.
      this.#shared.hub.clock.setTimeout(() => this.#guard(() => this.#judge(length)), 0);
      return false;
    }
    const gap = this.#gapBefore(answer, from);
    this.#shared.kind.given?.(this.sink, answer);
    if (frames instanceof Pieces) {
      this.#following?.stop();
      this.#writeInPieces(frames, gap);
      return true;
    }
    this.#outlet.write(joined(gap, frames));
    if (unsent > 0) this.#outlet.holdWritten(frames);
    else this.#outlet.release();
    return true;
  }

  #judge(length: number): void {
    if (this.#isTooMuch(length)) this.end("slow");
    else if (this.sink.unsent > 0) this.#wait();
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
      this.#state = "idle";
      this.end("failed");
      this.#shared.failed(thrown);
    }
  }
}
