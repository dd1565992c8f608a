import assert from "node:assert/strict";
import type { Bus, BusOptions } from "nightbus";
import { it } from "vitest";
import { messagesOf, turns, until } from "../../../src/testing/conformance/bus/topic.ts";
import { ManualClock } from "../../../src/testing/fake/manual-clock.ts";
import { startTogether } from "../together.ts";

const FOREVER = Number.POSITIVE_INFINITY;

/** The application's connection, with the number of requests over it. Reads that wait for news are not counted. */
export interface Counting {
  readonly connection: unknown;
  readonly count: number;
  reset(): void;
}

/** A log for one test. */
export interface CostPlace<K extends Counting> {
  /** Opens a bus by this connection, or by one of its own. The end of the test closes it. */
  open(options?: BusOptions, connection?: unknown): Bus;
  counting(): Promise<K>;
}

/** An engine, and its costs. */
export interface CostOf<K extends Counting> {
  /** Makes a log that has settled: a bus on it asks the engine nothing more at its opening than any later bus. */
  place(): Promise<CostPlace<K>> | CostPlace<K>;
  /** The requests of a process that reads one send. */
  readonly reads: number;
  /** Checks what the numbers do not show, after each send. */
  check?(sending: K, reading: K): void;
  /** Prepares the connection of a bus that waits. */
  idle?(idle: K): void;
  /** Returns true once a new bus asks nothing more. */
  hasSettled?(idle: K): boolean;
  /** Awaited before the clock moves on to the next look. */
  beforeLook?(idle: K): Promise<void>;
}

/** Tests the costs that every engine has: of sends, of silence, and of many processes that start at once. */
export function testCost<K extends Counting>(engine: CostOf<K>): void {
  it(`is one request for each send, and ${engine.reads} for each process that reads it, however many polls are parked`, async () => {
    const { open, counting } = await engine.place();
    const [sending, reading] = [await counting(), await counting()];
    const [sender, reader] = [open({}, sending.connection), open({}, reading.connection)];
    await Promise.all([sender.ready(), reader.ready()]);
    await sender.sendone("a", "begins the epoch");
    await until(() => reader.last === sender.last, "the reader has caught up");
    for (const parked of [1, 1_000]) {
      const { last } = sender;
      const polls = Array.from({ length: parked }, () => reader.poll(["a"], last, FOREVER));
      await until(() => reader.waiting === parked, "they are parked");
      sending.reset();
      reading.reset();
      await sender.sendone("a", parked);
      for (const batch of await Promise.all(polls)) assert.deepEqual(messagesOf(batch), [parked]);
      assert.deepEqual([sending.count, reading.count], [1, engine.reads], `${parked} parked polls`);
      engine.check?.(sending, reading);
    }
  });

  it("is one read each five seconds when nothing happens", async () => {
    const { open, counting } = await engine.place();
    const [clock, idle] = [new ManualClock(), await counting()];
    engine.idle?.(idle);
    const bus = open({ clock }, idle.connection);
    await bus.ready();
    const polls = Array.from({ length: 100 }, (_, index) => bus.poll([`a${index}`], bus.last, FOREVER));
    await until(() => bus.waiting === 100 && engine.hasSettled?.(idle) !== false, "it has settled");
    await new Promise((resolve) => setTimeout(resolve, 100)); // nothing is to come: there is no condition to wait for
    idle.reset();
    clock.advance(4_990);
    await turns(5);
    assert.equal(idle.count, 0);
    for (let look = 1; look <= 3; look += 1) {
      await engine.beforeLook?.(idle);
      clock.advance(5_000);
      await until(() => idle.count === look, "it looks");
    }
    await bus.close();
    await Promise.all(polls);
  });

  it("lets twenty processes start at once", async () => {
    await startTogether((await engine.place()).open);
  });
}
