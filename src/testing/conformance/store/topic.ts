import type { PendingRow, Store } from "../../../store.ts";
import type { Clock } from "../../../util/clock.ts";
import type { ManualClock } from "../../fake/manual-clock.ts";
import type { Runner } from "../bus/topic.ts";
import type { Recorder } from "../recorder.ts";

/** A log of its own for one test. */
export interface StorePlace {
  /** A new store on the log. When those before were closed, it is another life of the process; else another process. */
  store(): Store;
  /** Removes what the test has left. */
  remove?(): Promise<void> | void;
}

/** Makes what the suite tests, and states what the engine can do. */
export interface StoreFactory {
  /** Whether a log outlives the stores on it. */
  readonly durable: boolean;
  /** Whether several stores can be open on one log. */
  readonly shared: boolean;
  /** Whether rows age by a clock of the engine's own, which no test can move. Default: false, by the bus's. */
  readonly ownTime?: boolean;
  /** A log that is new. */
  place(): StorePlace | Promise<StorePlace>;
}

/** An open store and what it has handed over. */
export interface Opened {
  readonly store: Store;
  readonly sink: Recorder;
  close(): Promise<void>;
}

/** What a test works with. */
export interface StoreFixture {
  readonly clock: ManualClock;
  /** Opens another store on the same log, by the clock of the test unless another is given. The test's end closes it. */
  open(clock?: Clock): Promise<Opened>;
}

/** What a topic of the suite is given. */
export interface StoreTopic {
  readonly it: Runner["it"];
  /** Whether rows age by a clock of the engine's own. */
  readonly ownTime: boolean;
  over(work: (fixture: StoreFixture) => Promise<void>): () => Promise<void>;
}

/** One send, of rows on these channels, each with its own message. */
export function sendOf(...keys: readonly string[]): readonly PendingRow[] {
  return keys.map((key, index) => ({ key: JSON.stringify(key), json: JSON.stringify({ index, key }) }));
}
