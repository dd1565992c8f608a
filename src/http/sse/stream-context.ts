import type { Following } from "../../core/following.ts";
import type { Hub } from "../../core/hub.ts";
import type { Sink } from "../endpoint/request.ts";
import type { Unsent } from "../writing/unsent.ts";

/** The state that all streams of a mount share, so that a connection costs less. */
export interface StreamContext<S> {
  readonly hub: Hub;
  readonly unsent: Unsent;
  /** The mount of the stream. The hub holds the mount weakly, and an open stream has to end with it. */
  readonly mount: object;
  /** The time between two writes to a quiet stream, in ms. */
  readonly heartbeat: number;
  /** The most unsent bytes of a stream. */
  readonly maxBuffered: number;
  /** Called once for each stream, when it ends. */
  readonly ended: (stream: S) => void;
  /** Receives the errors of a stream. */
  readonly failed: (thrown: unknown) => void;
}

/** The beginning and the client of one stream. */
export interface StreamOptions {
  /** The reader behind the stream, at the position where the stream begins. */
  readonly following: Following;
  /** True if the stream first tells that something was missed. */
  readonly missed: boolean;
  readonly sink: Sink;
  /** The end of the stream's life, by the monotonic clock. */
  readonly oldAt: number;
}
