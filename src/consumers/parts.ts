import type { Hub } from "../core/hub.ts";
import type { Positions, SendKey } from "../store.ts";
import type { ConsumerState } from "./types.ts";

/** The parts of a bus that its consumers need. */
export interface ConsumerParts {
  readonly hub: Hub;
  /** Undefined if the store keeps no positions. */
  readonly positions: Positions | undefined;
  /** Sends entries, under the key if the store remembers keys. Rejects as `sendmany`. */
  readonly send: (entries: readonly unknown[], key: SendKey) => Promise<unknown>;
  /** Sends entries within a transaction. Throws or rejects as `sendwithin`. */
  readonly sendwithin: (transaction: unknown, entries: readonly unknown[]) => Promise<void> | void;
  /** Reports a failure of which no caller hears. */
  readonly error: (error: Error) => void;
  /** Tells that a consumer comes near to the edge of the retention. */
  readonly behind: (consumer: ConsumerState) => void;
}
