import type { Notification } from "../notification.ts";

/** Hears of events that only tests ask for. */
export interface Probe {
  /** The store is open, and no work was done since. */
  opened(): void;
  /** A poll was parked. */
  parked(keys: readonly string[], last: number, deadline: number, answer: Promise<unknown>): void;
  /** A notification was committed. No listener and no reader has seen it yet. */
  committed(notification: Notification): void;
  /** A failure found no listener. */
  unheard(error: Error): void;
}
