import { Bus, type BusError, type BusOptions } from "nightbus";
import { turns } from "../../../src/testing/conformance/bus/topic.ts";
import { ManualClock } from "../../../src/testing/fake/manual-clock.ts";

/** A bus by a manual clock, and its errors. */
export interface ClockedBus {
  readonly bus: Bus;
  readonly clock: ManualClock;
  readonly errors: BusError[];
}

/** Returns a bus in memory, with a clock to move. */
export function busWith(options: BusOptions = {}): ClockedBus {
  const clock = new ManualClock();
  const bus = new Bus({ clock, ...options });
  const errors: BusError[] = [];
  bus.on("error", (error) => errors.push(error as BusError));
  return { bus, clock, errors };
}

/** Moves a clock on, in steps. */
export async function pass(clock: ManualClock, ms: number, step = 50): Promise<void> {
  for (let passed = 0; passed < ms; passed += step) {
    clock.advance(Math.min(step, ms - passed));
    await turns();
  }
}
