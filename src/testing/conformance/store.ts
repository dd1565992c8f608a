import assert from "node:assert/strict";
import type { Store } from "../../store.ts";
import type { Clock } from "../../util/clock.ts";
import { ManualClock } from "../fake/manual-clock.ts";
import type { Runner } from "./bus/topic.ts";
import { Recorder } from "./recorder.ts";
import { appending } from "./store/appending.ts";
import { positions } from "./store/positions.ts";
import { reopening } from "./store/reopening.ts";
import { sharing } from "./store/sharing.ts";
import type { Opened, StoreFactory, StoreFixture, StoreTopic } from "./store/topic.ts";
import { trimming } from "./store/trimming.ts";

/** Tests every promise of a store to its log. The runner's `it` must wait for promises. */
export function testStore(name: string, factory: StoreFactory, { describe, it }: Runner): void {
  const { ownTime = false } = factory;
  const topic: StoreTopic = { it, ownTime, factory, over: (work) => () => run(factory, work) };
  describe(`a store: ${name}`, () => {
    describe("appending", () => appending(topic));
    describe("positions of consumers", () => positions(topic));
    if (factory.durable) describe("reopening", () => reopening(topic));
    if (factory.durable) describe("trimming", () => trimming(topic));
    if (factory.shared) describe("sharing", () => sharing(topic));
  });
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
