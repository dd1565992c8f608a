import type { Following } from "../../core/following.ts";
import type { Hub } from "../../core/hub.ts";
import type { Sink } from "../endpoint/request.ts";
import type { Unsent } from "../writing/unsent.ts";
import type { Ending, StreamKind } from "./stream-kind.ts";

/** The state that all streams of a mount share, so that a connection costs less. */
export interface StreamContext<S extends Sink, T> {
  readonly hub: Hub;
  readonly unsent: Unsent;
  /** The mount of the stream. The hub holds the mount weakly, and an open stream has to end with it. */
  readonly mount: object;
  readonly kind: StreamKind<S>;
  /** The most unsent bytes of a stream. */
  readonly maxBuffered: number;
  /** Called once for each stream, when it ends. */
  readonly ended: (stream: T, ending: Ending) => void;
  /** Called when a client has gone. */
  readonly gone: (stream: T) => void;
  /** Receives the errors of a stream. */
  readonly failed: (thrown: unknown) => void;
}

/** The beginning and the client of one stream. */
export interface StreamOptions<S extends Sink> {
  /** The reader behind the stream, at the position where the stream begins. A stream without one waits for `turn`. */
  readonly following?: Following;
  readonly sink: S;
  /** Returns the bytes that come before everything else. */
  readonly greeting?: () => Uint8Array;
  /** The time of the first beat, by the monotonic clock. */
  readonly beatAt: number;
  /** The end of the stream's life, by the monotonic clock. */
  readonly oldAt: number;
}
