import assert from "node:assert/strict";
import type { Bus } from "../../../bus.ts";
import type { BusError, BusErrorCode } from "../../../errors.ts";
import type { BusOptions } from "../../../options.ts";
import { ManualClock } from "../../fake/manual-clock.ts";

/** The functions of a test runner: vitest, node:test, or any other. */
export interface Runner {
  /** Declares a group of tests. */
  readonly describe: (name: string, body: () => void) => void;
  /** Declares a test. */
  readonly it: (name: string, body: () => Promise<void>) => void;
}

/** Options of a bus, except the store, which is the factory's. */
export type OptionsOfBus = Omit<BusOptions, "store">;

/** A transaction of the application, on the engine that keeps the log. */
export interface Transaction {
  /** The value that `sendwithin` takes. */
  readonly handle: unknown;
  /** Commits the transaction. */
  commit(): Promise<void> | void;
  /** Rolls the transaction back. */
  rollback(): Promise<void> | void;
}

/** A log of its own for one test. */
export interface Place {
  /**
   * Opens a bus on the log. If the buses before were closed, the new one stands for a restarted process; otherwise for
   * a second process.
   */
  open(options?: OptionsOfBus): Bus;
  /** Begins a transaction of the application, on engines that have transactions. */
  begin?(): Promise<Transaction> | Transaction;
  /** Removes everything that the test has left. */
  remove?(): Promise<void> | void;
}

/** Makes the buses under test, and states the abilities of the engine. */
export interface BusFactory {
  /** True if a log outlives the buses on it. */
  readonly durable: boolean;
  /** True if several buses can be open on one log. */
  readonly shared: boolean;
  /** True if notifications age by the engine's own clock, which no test can move. Default: false, by the bus's. */
  readonly ownTime?: boolean;
  /** True if places can `begin` transactions of the application. Default: false. */
  readonly transactional?: boolean;
  /** The most bytes of one message, if the engine takes less than 1 MiB by default. */
  readonly largest?: number;
  /** Returns a new log. */
  place(): Place | Promise<Place>;
}

/** The tools of a test. */
export interface Fixture {
  /** An open bus on a new log. */
  readonly bus: Bus;
  /** The time of the bus, if the test is `timed`. */
  readonly clock: ManualClock;
  /** Opens another bus on the same log, with the same options unless others are given. The end of the test closes it. */
  open(options?: OptionsOfBus): Bus;
  /** Begins a transaction of the application, on engines that have transactions. */
  begin(): Promise<Transaction>;
}

/** The tools of a topic. */
export interface Topic {
  readonly it: Runner["it"];
  /** Declares a test that moves the time by which notifications age, if a test can. `ageing` tests the same in real time. */
  readonly itAges: Runner["it"];
  readonly ownTime: boolean;
  /** The most bytes of one message that the engine takes; no less than 1 MiB if it is infinite. */
  readonly largest: number;
  /** Returns the body of a test over a bus with these options, by the machine's clock. */
  over(options: OptionsOfBus, work: (fixture: Fixture) => Promise<void>): () => Promise<void>;
  /** Returns the same by a clock that the test moves. */
  timed(options: OptionsOfBus, work: (fixture: Fixture) => Promise<void>): () => Promise<void>;
}

/** Returns a topic over this factory. */
export function topicOf(factory: BusFactory, it: Runner["it"]): Topic {
  const { ownTime = false, largest = Number.POSITIVE_INFINITY } = factory;
  return {
    it,
    itAges: ownTime ? () => {} : it,
    ownTime,
    largest,
    over: (options, work) => () => run(factory, options, new ManualClock(), work),
    timed: (options, work) => () => {
      const clock = new ManualClock();
      return run(factory, { ...options, clock }, clock, work);
    },
  };
}

/** Waits until nothing happens that needs no more time. */
export async function turns(count = 3): Promise<void> {
  for (let turn = 0; turn < count; turn += 1) await new Promise((resolve) => setImmediate(resolve));
}

/** Waits for a condition, for at most ten seconds. */
export async function until(condition: () => boolean, what: string): Promise<void> {
  const end = performance.now() + 10_000;
  while (!condition()) {
    if (performance.now() > end) assert.fail(`it did not come about that ${what}`);
    await turns(1);
  }
}

/** Returns true if a promise is still pending after everything has happened that needs no more time. */
export async function isPending(promise: Promise<unknown>): Promise<boolean> {
  let pending = true;
  const settled = (): void => {
    pending = false;
  };
  promise.then(settled, settled);
  await turns();
  return pending;
}

/** Returns the messages of a batch. */
export function messagesOf(batch: readonly { readonly message: unknown }[]): readonly unknown[] {
  return batch.map(({ message }) => message);
}

/** Checks that work fails with this code, and with a sentence that contains all of these words. */
export async function failsWith(
  code: BusErrorCode,
  work: () => unknown,
  ...says: readonly (string | RegExp)[]
): Promise<BusError> {
  const error = await failureOf(work);
  assert.equal(error.name, "BusError", `it is a BusError: ${String(error)}`);
  assert.equal(error.code, code, `its code: ${error.message}`);
  for (const part of says) assert.match(error.message, typeof part === "string" ? literally(part) : part);
  return error;
}

async function failureOf(work: () => unknown): Promise<BusError> {
  try {
    await work();
  } catch (error) {
    return error as BusError; // checked by the caller
  }
  return assert.fail("it was expected to fail, and did not");
}

function literally(text: string): RegExp {
  return new RegExp(text.replace(/[.*+?^${}()|[\]\\]/g, "\\$&"));
}

async function run(
  factory: BusFactory,
  options: OptionsOfBus,
  clock: ManualClock,
  work: (fixture: Fixture) => Promise<void>,
): Promise<void> {
  const place = await factory.place();
  const opened: Bus[] = [];
  const open = (given: OptionsOfBus = options): Bus => {
    const bus = place.open(given);
    opened.push(bus);
    return bus;
  };
  try {
    const bus = open();
    await bus.ready();
    const begin = async (): Promise<Transaction> => {
      assert.ok(place.begin !== undefined, "the engine has transactions");
      return place.begin();
    };
    await work({ bus, clock, open, begin });
  } finally {
    for (const bus of opened) await bus.close();
    await place.remove?.();
  }
}
