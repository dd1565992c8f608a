import type { Sent } from "./producers.ts";

/** A log by the bare client of an engine, which is written in batches and read back. */
export interface ByHand {
  readonly write: (batch: Sent) => Promise<unknown>;
  readonly onSeen: (listener: (message: Sent[number]) => void) => void;
  readonly close: () => Promise<void>;
}
