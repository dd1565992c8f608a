import type { Sent } from "./producers.ts";

/** A log by the bare client of an engine. Sends of the same time are written in one batch, and read back. */
export interface ByHand {
  readonly send: (message: Sent[number]) => Promise<unknown>;
  readonly onSeen: (listener: (message: Sent[number]) => void) => void;
  readonly close: () => Promise<void>;
}
