import assert from "node:assert/strict";
import type { PendingRow, Store } from "../../store.ts";
import type { Clock } from "../../util/clock.ts";
import { ManualClock } from "../fake/manual-clock.ts";
import type { Runner } from "./bus/topic.ts";
import { Recorder } from "./recorder.ts";
import { appending } from "./store/appending.ts";
import { reopening } from "./store/reopening.ts";
import { sharing } from "./store/sharing.ts";
import { trimming } from "./store/trimming.ts";

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

/** What every store owes to a log. The runner's `it` must wait for promises. */
export function testStore(name: string, factory: StoreFactory, { describe, it }: Runner): void {
  const { ownTime = false } = factory;
  const topic: StoreTopic = { it, ownTime, over: (work) => () => run(factory, work) };
  describe(`a store: ${name}`, () => {
    describe("appending", () => appending(topic));
    if (factory.durable) describe("reopening", () => reopening(topic));
    if (factory.durable) describe("trimming", () => trimming(topic));
    if (factory.shared) describe("sharing", () => sharing(topic));
  });
}

/** One send, of rows on these channels, each with its own message. */
export function sendOf(...keys: readonly string[]): readonly PendingRow[] {
  return keys.map((key, index) => ({ key: JSON.stringify(key), json: JSON.stringify({ index, key }) }));
}

async function run(factory: StoreFactory, work: (fixture: StoreFixture) => Promise<void>): Promise<void> {
  const place = await factory.place();
  const opened: Opened[] = [];
  const clock = new ManualClock();
  const open = async (by: Clock = clock): Promise<Opened> => {
    const one = await opening(place.store(), by);
    opened.push(one);
    return one;
  };
  try {
    await work({ clock, open });
  } finally {
    for (const { close } of opened) await close();
    await place.remove?.();
  }
  for (const { sink } of opened) assert.deepEqual(sink.errors, [], "nothing failed in the background");
}

async function opening(store: Store, clock: Clock): Promise<Opened> {
  const sink = new Recorder(clock);
  await store.open(sink);
  sink.replayed();
  let closing: Promise<void> | undefined;
  const close = (): Promise<void> => {
    closing ??= store.close();
    return closing;
  };
  return { store, sink, close };
}
