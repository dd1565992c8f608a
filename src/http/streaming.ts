import type { Reader } from "../reader.ts";
import type { Sink } from "./request.ts";
import type { Unsent } from "./unsent.ts";

/** What the streams of a mount share: what each had for itself would be paid for by every connection. */
export interface Streaming<S> {
  readonly reader: Reader;
  readonly unsent: Unsent;
  /** How often a quiet stream is written to, in ms. */
  readonly heartbeat: number;
  /** The most unsent bytes of a stream. */
  readonly maxBuffered: number;
  /** Called once for each stream, when it ends. */
  readonly ended: (stream: S) => void;
  /** Is told what a stream throws. */
  readonly failed: (thrown: unknown) => void;
}

export interface StreamOptions {
  readonly keys: readonly string[];
  /** The position to begin after. */
  readonly last: number;
  /** Whether it is told first that it has missed something. */
  readonly missed: boolean;
  readonly sink: Sink;
  /** When it grows too old, by the monotonic clock. */
  readonly oldAt: number;
}
