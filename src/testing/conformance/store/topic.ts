import assert from "node:assert/strict";
import type { PendingRow, Positions, PositionsWithin, Store } from "../../../store.ts";
import type { Clock } from "../../../util/clock.ts";
import type { ManualClock } from "../../fake/manual-clock.ts";
import type { Runner } from "../bus/topic.ts";
import type { Recorder } from "../recorder.ts";

/** A log of its own for one test. */
export interface StorePlace {
  /**
   * Returns a new store on the log. If the stores before were closed, the new one stands for a restarted process;
   * otherwise for a second process.
   */
  store(): Store;
  /** Removes everything that the test has left. */
  remove?(): Promise<void> | void;
}

/** Makes the stores under test, and states the abilities of the engine. */
export interface StoreFactory {
  /** True if a log outlives the stores on it. */
  readonly durable: boolean;
  /** True if several stores can be open on one log. */
  readonly shared: boolean;
  /** True if rows age by the engine's own clock, which no test can move. Default: false, by the bus's. */
  readonly ownTime?: boolean;
  /** The kind of positions that the store keeps: `alone`, or `within` transactions too. Default: `none`. */
  readonly positions?: "none" | "alone" | "within";
  /** Returns a new log. */
  place(): StorePlace | Promise<StorePlace>;
}

/** An open store and the rows that it handed over. */
export interface Opened {
  readonly store: Store;
  readonly sink: Recorder;
  close(): Promise<void>;
}

/** The tools of a test. */
export interface StoreFixture {
  readonly clock: ManualClock;
  /** Opens another store on the same log, by the clock of the test unless another is given. The end of the test closes it. */
  open(clock?: Clock): Promise<Opened>;
}

/** The tools of a topic. */
export interface StoreTopic {
  readonly it: Runner["it"];
  /** True if rows age by the engine's own clock. */
  readonly ownTime: boolean;
  readonly factory: StoreFactory;
  over(work: (fixture: StoreFixture) => Promise<void>): () => Promise<void>;
}

/** Returns one send of rows on these channels, each with its own message. */
export function sendOf(...keys: readonly string[]): readonly PendingRow[] {
  return keys.map((key, index) => ({ key: JSON.stringify(key), json: JSON.stringify({ index, key }) }));
}

/** Returns the positions of a store that keeps them. */
export function positionsOf({ positions: kept }: Store): Positions {
  assert.ok(kept !== undefined, "the store keeps positions");
  return kept;
}

/** Returns the transactions of a store that has them. */
export function withinOf(store: Store): PositionsWithin {
  const { within } = positionsOf(store);
  assert.ok(within !== undefined, "positions move within transactions");
  return within;
}
