import { BusError, given } from "../errors.ts";
import type { Schema } from "../schema.ts";
import type { PendingRow, SendKey } from "../store.ts";
import { processWide } from "../util/process-wide.ts";
import { VERSION } from "../util/version.ts";

/** The key of a bus's internals. Every copy of nightbus in the process uses the same key. */
export const INSIDE = Symbol.for("nightbus.bus");

/** The consumers of this process, for a fake bus. */
export interface RunningConsumers {
  /** Ends all of them, without a wait. */
  end(): void;
  /** Makes those of this name look at their position at once. */
  look(name: string): void;
}

/** The inside of a bus, for the parts of nightbus that work on rows instead of messages. */
export interface Inside<R> {
  /** The version of the copy that made the bus. */
  readonly version: string;
  readonly hub: R;
  readonly isClosing: boolean;
  /** The consumers of this process. */
  readonly consumers: RunningConsumers;
  /** The schemas by name; undefined if the bus has no contract. */
  readonly schemas: ReadonlyMap<string, Schema> | undefined;
  /** Commits rows of nightbus's own channels as one send. Rejects with `store`. */
  readonly send: (rows: readonly PendingRow[]) => Promise<readonly number[]>;
  /** Returns the key of a send of these entries. Throws `bad_key`, `bad_channel` or `bad_message`. */
  readonly keyFor: (name: string, entries: unknown) => SendKey;
  /** Sends entries under a key. Rejects as `sendmany`. */
  readonly sendKeyed: (entries: unknown, key: SendKey) => Promise<readonly number[]>;
  /**
   * Returns the rows of entries of the application, after its contract. Throws `bad_channel` or `bad_message`, also for a
   * schema that waits.
   */
  readonly rowsOf: (entries: unknown) => readonly PendingRow[];
}

/**
 * Returns the inside of a bus, even if another copy of the same version made the bus. Bundlers, test runners and
 * monorepos load several copies. Throws `bad_option` if the value is no bus, or a bus of another version.
 */
export function insideOf<R>(bus: unknown): Inside<R> {
  const inside = (Object(bus) as { readonly [INSIDE]?: Inside<R> })[INSIDE];
  if (inside === undefined) throw new BusError("bad_option", `bus must be a Bus of nightbus, got ${given(bus)}`);
  if (inside.version === VERSION) return inside;
  throw new BusError(
    "bad_option",
    `two copies of nightbus met: the bus is of version ${inside.version}, and what it was given to is of ${VERSION}; ` +
      'have one ("npm ls nightbus" lists them, "npm dedupe" joins them)',
  );
}

/** Returns the buses that are shared by name. All copies of nightbus see the same map, and reloads of modules keep it. */
export function sharedBuses(): Map<string, unknown> {
  return processWide("shared", () => new Map<string, unknown>());
}
