import type { Notification } from "../notification.ts";

/** Is told what a test may want to know. */
export interface Probe {
  /** The store is open, and nothing has been done since. */
  opened(): void;
  /** A poll was parked. */
  parked(keys: readonly string[], last: number, deadline: number, answer: Promise<unknown>): void;
  /** A notification was committed, which no listener and no reader has seen yet. */
  committed(notification: Notification): void;
  /** Something failed of which nobody was told. */
  unheard(error: Error): void;
}
