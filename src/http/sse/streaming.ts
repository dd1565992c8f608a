import type { Following } from "../../core/following.ts";
import type { Hub } from "../../core/hub.ts";
import type { Sink } from "../endpoint/request.ts";
import type { Unsent } from "../writing/unsent.ts";

/** The state that all streams of a mount share, so that not every connection pays for it. */
export interface Streaming<S> {
  readonly hub: Hub;
  readonly unsent: Unsent;
  /** The time between two writes to a quiet stream, in ms. */
  readonly heartbeat: number;
  /** The most unsent bytes of a stream. */
  readonly maxBuffered: number;
  /** Called once for each stream, when it ends. */
  readonly ended: (stream: S) => void;
  /** Is told what a stream throws. */
  readonly failed: (thrown: unknown) => void;
}

export interface StreamOptions {
  /** The reader behind it, which stands where the stream begins. */
  readonly following: Following;
  /** True if it is told first that it has missed something. */
  readonly missed: boolean;
  readonly sink: Sink;
  /** When it grows too old, by the monotonic clock. */
  readonly oldAt: number;
}
