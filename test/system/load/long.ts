import { setTimeout as pause } from "node:timers/promises";
import { setFlagsFromString } from "node:v8";
import { runInNewContext } from "node:vm";
import { Bus } from "../../../src/index.ts";
import { ManualClock } from "../../../src/testing/fake/manual-clock.ts";
import { eventually } from "../../support/eventually.ts";

/** The sends a second of a long run. */
const RATE = 5_000;
/** The readers of each kind. */
const READERS = 2;
/** The parts of a compressed run. */
const STRETCHES = 24;
const CHANNELS = Array.from({ length: 50 }, (_, channel) => `channel ${channel}`);

/** One part of a long run. */
export interface Stretch {
  /** The memory at its end after a collection, in bytes. */
  readonly bytes: number;
  /** The time from a send until its reader has it, in us: the median, and 99 of 100. */
  readonly median: number;
  readonly high: number;
}

/** The memory and the latency of a long run, part by part, and what the readers have lost. */
export interface LongRun {
  readonly sends: number;
  readonly stretches: readonly Stretch[];
  readonly lost: number;
}

/** Sends for so many hours of a clock that jumps on by 10 ms after each 10 ms' worth of sends. */
export async function runCompressed(hours: number, told: (stretch: Stretch) => void): Promise<LongRun> {
  const clock = new ManualClock();
  const bus = new Bus({ clock });
  const run = new Run(bus);
  for (let stretch = 0; stretch < STRETCHES; stretch += 1) {
    for (let step = 0; step < (hours * 3_600 * 100) / STRETCHES; step += 1) {
      await run.send(RATE / 100);
      clock.advance(10);
    }
    told(run.stretch());
  }
  return run.end();
}

/** Sends at `RATE` a second for so many minutes. */
export async function runInRealTime(minutes: number, told: (stretch: Stretch) => void): Promise<LongRun> {
  const run = new Run(new Bus());
  for (let minute = 0; minute < minutes; minute += 1) {
    const from = performance.now();
    for (let sent = 0; sent < RATE * 60; ) {
      const due = Math.min(RATE * 60, Math.floor((performance.now() - from) * (RATE / 1_000)));
      if (due > sent) await run.send(due - sent);
      sent = Math.max(due, sent);
      await pause(1);
    }
    told(run.stretch());
  }
  return run.end();
}

/** Readers who count, and a sender who measures. */
class Run {
  readonly #bus: Bus;
  readonly #stretches: Stretch[] = [];
  #latencies: number[] = [];
  #sends = 0;
  #heard = 0;
  #seen: (() => void) | undefined;
  readonly #reading: Promise<void>[] = [];

  constructor(bus: Bus) {
    this.#bus = bus;
    for (let reader = 0; reader < READERS; reader += 1) {
      this.#reading.push(this.#subscribe(), this.#poll());
    }
  }

  /** Sends so many, each on the next channel, and waits until one reader has the last. */
  async send(count: number): Promise<void> {
    if (this.#sends === 0) await this.#readersWait();
    const entries = Array.from({ length: count }, (_, at) => {
      const n = this.#sends + at;
      return [CHANNELS[n % CHANNELS.length]!, n] as const;
    });
    this.#sends += count;
    const from = performance.now();
    const seen = new Promise<void>((resolve) => {
      this.#seen = resolve;
    });
    await this.#bus.sendmany(entries);
    await seen;
    this.#latencies.push((performance.now() - from) * 1_000);
  }

  stretch(): Stretch {
    const sorted = this.#latencies.sort((one, other) => one - other);
    this.#latencies = [];
    const at = (share: number): number => sorted[Math.floor(sorted.length * share)] ?? 0;
    const stretch = { bytes: memory(), median: at(0.5), high: at(0.99) };
    this.#stretches.push(stretch);
    return stretch;
  }

  async end(): Promise<LongRun> {
    await eventually(
      () => `all readers have all: ${this.#heard}`,
      () => this.#heard >= 2 * READERS * this.#sends,
      10_000,
    ).catch(() => {}); // the number lost says it
    await this.#bus.close();
    await Promise.all(this.#reading);
    return { sends: this.#sends, stretches: this.#stretches, lost: 2 * READERS * this.#sends - this.#heard };
  }

  #readersWait(): Promise<void> {
    return eventually(
      () => "the readers wait",
      () => this.#bus.waiting === 2 * READERS,
      10_000,
    );
  }

  async #subscribe(): Promise<void> {
    for await (const { message } of this.#bus.subscribe(CHANNELS)) this.#hear(message as number);
  }

  async #poll(): Promise<void> {
    await this.#bus.ready();
    for (let { last } = this.#bus; ; ) {
      const batch = await this.#bus.poll(CHANNELS, last, Number.POSITIVE_INFINITY).catch(() => []);
      if (batch.length === 0) return; // the bus is closed
      for (const { message } of batch) this.#hear(message as number);
      last = (batch as typeof batch & { readonly last: number }).last;
    }
  }

  #hear(n: number): void {
    this.#heard += 1;
    if (n === this.#sends - 1) this.#seen?.();
  }
}

function memory(): number {
  setFlagsFromString("--expose-gc");
  runInNewContext("gc")();
  const { heapUsed, external } = process.memoryUsage();
  return heapUsed + external;
}
