import type { Answer } from "../../log/answer.ts";
import type { Sink } from "../endpoint/request.ts";
import type { Pieces } from "../writing/pieces.ts";

/**
 * The reason for which a stream ends: its mount closes, its life is over, its client is too slow, or its work failed. The kind
 * of the stream may have a reason of its own.
 */
export type Ending = "closed" | "old" | "slow" | "failed" | "own";

/** A stream, as its kind sees it. */
export interface Beating<S extends Sink> {
  readonly sink: S;
  /** Writes bytes that are no rows. */
  write(bytes: Uint8Array): void;
  /** True if the client has bytes to take. */
  readonly isUnsent: boolean;
  /** Moves to the newest id and returns it; undefined while the client lacks rows or bytes. */
  moveToNewest(): number | undefined;
  /** Ends the stream at once, with its connection. */
  giveUp(): void;
}

/** The part in which server-sent events and sockets differ. All streams of a mount share one object. */
export interface StreamKind<S extends Sink> {
  /** Returns rows, at least one, as bytes, or as pieces if they are long. Streams with the same answer share them. */
  framesOf(answer: Answer): Uint8Array | Pieces;
  /** Notes that the client missed rows after `from`. Returns the bytes that tell it, to be written before the rows. */
  missed(sink: S, from: number, answer: Answer): Uint8Array | undefined;
  /** Decides if the client still gets rows. A kind that refuses has ended the stream. Default: yes. */
  admits?(sink: S): boolean;
  /** Notes that the client is given these rows. */
  given?(sink: S, answer: Answer): void;
  /** Does the work that falls due at `beatAt`. Returns the time of the next, by the monotonic clock. */
  beat(stream: Beating<S>, now: number): number;
  /** Ends a connection after the bytes that were written. */
  end(sink: S, ending: Ending): void;
  /** Returns the time for which the connection of an ended stream may stay, in ms; undefined if the host ends it. */
  grace(stream: Beating<S>, ending: Ending): number | undefined;
  /** Notes that a stream opened or ended. */
  count(change: 1 | -1): void;
}
