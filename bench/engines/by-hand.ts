import type { Sent } from "./producers.ts";

/** A log by the bare client of an engine, written in batches of what is sent at once, and read back. */
export interface ByHand {
  readonly send: (message: Sent[number]) => Promise<unknown>;
  readonly onSeen: (listener: (message: Sent[number]) => void) => void;
  readonly close: () => Promise<void>;
}
