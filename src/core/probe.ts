import type { SharedRow } from "../log/row.ts";
import type { Notification } from "../notification.ts";

/** Hears of events that only tests ask for. */
export interface Probe {
  /** The store is open, and no work was done since. */
  onOpen(): void;
  /** A poll was parked. */
  onPark(keys: readonly string[], last: number, deadline: number, answer: Promise<unknown>): void;
  /** A notification was committed. The probe hears of it before the bus's listeners do. */
  onCommit(notification: Notification): void;
  /** A consumer of this name has handled rows. */
  onHandled(consumer: string, rows: readonly SharedRow[]): void;
  /** A failure found no listener. */
  onUnheardError(error: Error): void;
}
