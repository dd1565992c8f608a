import type { Row, Unseen } from "../store.ts";

/**
 * A part of nightbus with channels of its own. The claim takes their rows in the order of the log, before any reader
 * does. These channels have a small retention of their own, and their rows are no `notification` events.
 */
export interface Claim {
  /** Returns true for the key of a channel of this part. */
  fits(key: string): boolean;
  /** Takes the committed rows of all channels. The log has them already. */
  take(rows: readonly Row[]): void;
  /** Notes trims by other processes. `newest` is the newest id that this process has seen. */
  noteTrims(unseen: Unseen, newest: number): void;
  /** Notes that the log was replaced by another. */
  reset(): void;
  /** Queues its last rows, because the bus refuses all sends from now on. */
  farewell(): void;
  /** Ends everything that it started. */
  close(): void;
}
