import { Bus, type BusOptions } from "nightbus";
import { expect, onTestFinished } from "vitest";
import { hubOf } from "../../src/bus.ts";
import type { Following } from "../../src/core/following.ts";
import type { Answer } from "../../src/log/answer.ts";
import { StoreDouble } from "./doubles.ts";

export const FOREVER = Number.POSITIVE_INFINITY;
export const PAGES = { limit: FOREVER, size: FOREVER };

/** Opens a bus over a store that the test drives. The end of the test closes it, and finds no error. */
export async function open(options: BusOptions = {}) {
  const store = new StoreDouble();
  const errors: Error[] = [];
  const bus = new Bus({ store, ...options });
  bus.on("error", (error) => errors.push(error));
  onTestFinished(async () => {
    await bus.close();
    expect(errors).toEqual([]);
  });
  await bus.ready();
  return { bus, store };
}

/** The news of one follower. */
export interface Told {
  readonly messages: string[];
  missed: number;
  following: Following;
}

/** Starts followers that note all that they are told. */
export function follow(
  bus: Bus,
  count: number,
  also: (told: Told, index: number) => void = () => {},
  key = '"a"',
): readonly Told[] {
  return Array.from({ length: count }, (_, index) => {
    const following = hubOf(bus).follow([key], bus.last, PAGES) as Following; // the bus is ready
    const told: Told = { messages: [], missed: 0, following };
    const take = (answer: Answer): true => {
      for (const { json } of answer.rows) told.messages.push(json);
      if (answer.missed) told.missed += 1;
      also(told, index);
      return true;
    };
    following.next({ take });
    return told;
  });
}

/** Parks polls. */
export function park(bus: Bus, count: number, { last = bus.last, timeout = FOREVER, channels = ["a"] } = {}) {
  return Array.from({ length: count }, async () => {
    const batch = await bus.poll(channels, last, timeout);
    return { messages: batch.map(({ message }) => message), missed: batch.missed };
  });
}
