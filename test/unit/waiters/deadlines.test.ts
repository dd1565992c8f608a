import assert from "node:assert/strict";
import fc from "fast-check";
import { describe, it } from "vitest";
import { ManualClock } from "../../../src/testing/fake/manual-clock.ts";
import { LONGEST_TIMER } from "../../../src/util/clock.ts";
import { Deadlines, type Due } from "../../../src/util/deadlines.ts";

const { POSITIVE_INFINITY } = Number;

describe("deadlines", () => {
  it("fall due never early and at most 10 ms late, each once, unless they were removed", () => {
    const op = fc.record({
      add: fc.option(fc.double({ min: 0, max: 300, noNaN: true }), { freq: 4 }),
      remove: fc.option(fc.nat(50), { freq: 2 }),
      advance: fc.double({ min: 0, max: 20, noNaN: true }),
    });
    fc.assert(
      fc.property(fc.array(op, { maxLength: 60 }), (ops) => {
        const { clock, deadlines, fired } = make();
        const open = new Map<Item, number>();
        for (const { add, remove, advance } of ops) {
          if (add !== null) open.set(addTo(deadlines, clock.monotonic() + add), clock.monotonic() + add);
          const leaving = remove === null ? undefined : [...open.keys()][remove];
          if (leaving !== undefined) {
            deadlines.remove(leaving);
            deadlines.remove(leaving);
            open.delete(leaving);
          }
          clock.advance(advance);
          for (const { item, at } of fired.splice(0)) {
            const deadline = open.get(item);
            assert.ok(deadline !== undefined, "it waits, and has not fallen due before");
            assert.ok(at >= deadline, "never early");
            open.delete(item);
          }
          for (const deadline of open.values()) assert.ok(deadline + 10 > clock.monotonic(), "at most 10 ms late");
          assert.equal(deadlines.size, open.size);
        }
      }),
      { numRuns: 300 },
    );
  });

  it("share one timer, and those of the same moment one bucket", () => {
    const { clock, deadlines, fired } = make();
    for (let index = 0; index < 10_000; index += 1) addTo(deadlines, 1_000.5 + (index % 3));
    assert.equal(clock.delays.length, 1);
    assert.equal(clock.running, 1);
    clock.advance(1_020);
    assert.equal(fired.length, 10_000);
    assert.ok(clock.delays.length <= 3, `${clock.delays.length} timers for 10,000 deadlines`);
    assert.equal(clock.running, 0);
  });

  it("sets the timer anew for an earlier one, and wakes nobody for those that have left", () => {
    const { clock, deadlines, fired } = make();
    const late = addTo(deadlines, 5_000);
    const early = addTo(deadlines, 50);
    assert.equal(clock.running, 1);
    deadlines.remove(early);
    deadlines.remove(late);
    clock.advance(60);
    assert.deepEqual([fired.length, clock.running], [0, 0], "all that had left is dropped at the first ring");
    addTo(deadlines, 100);
    clock.advance(100);
    assert.equal(fired.length, 1);
  });

  it("never ask a timer for more than it can wait, and still wait as long as they should", () => {
    const { clock, deadlines, fired } = make();
    addTo(deadlines, POSITIVE_INFINITY);
    addTo(deadlines, LONGEST_TIMER * 3);
    addTo(deadlines, Number.MAX_VALUE);
    clock.advance(LONGEST_TIMER * 3 - 1);
    assert.deepEqual([fired.length, deadlines.size], [0, 3]);
    clock.advance(11);
    assert.deepEqual([fired.length, deadlines.size], [1, 2]);
    assert.ok(clock.delays.every((ms) => ms >= 1 && ms <= LONGEST_TIMER && Number.isInteger(ms)));
  });

  it("keep the process alive exactly as long as anything waits, be it forever", () => {
    const { clock, deadlines } = make();
    const items = [addTo(deadlines, POSITIVE_INFINITY), addTo(deadlines, 50_000)];
    assert.equal(clock.alive, true);
    deadlines.remove(items[0]!);
    assert.equal(clock.alive, true);
    deadlines.remove(items[1]!);
    assert.equal(clock.alive, false);
    addTo(deadlines, 60_000);
    assert.equal(clock.alive, true);
    clock.advance(60_010);
    assert.equal(clock.alive, false);
    addTo(deadlines, POSITIVE_INFINITY);
    clock.advance(LONGEST_TIMER + 1);
    assert.equal(clock.alive, true);
    assert.equal(deadlines.drain().length, 1);
    deadlines.close();
    assert.deepEqual([clock.alive, clock.running, deadlines.size], [false, 0, 0]);
  });
});

class Item implements Due {
  bucket = undefined;
  slot = 0;
}

function make(): {
  readonly clock: TimerClock;
  readonly deadlines: Deadlines<Item>;
  readonly fired: { readonly item: Item; readonly at: number }[];
} {
  const clock = new TimerClock();
  const fired: { readonly item: Item; readonly at: number }[] = [];
  const deadlines = new Deadlines<Item>(clock, (due) => {
    for (const item of due) fired.push({ item, at: clock.monotonic() });
  });
  return { clock, deadlines, fired };
}

function addTo(deadlines: Deadlines<Item>, deadline: number): Item {
  const item = new Item();
  deadlines.add(item, deadline);
  return item;
}

/** Counts timers, and knows which of them keep the process alive. */
class TimerClock extends ManualClock {
  override readonly grain = 4; // as every other clock
  readonly delays: number[] = [];
  readonly #timers = new Map<object, { alive: boolean }>();

  override setTimeout(callback: () => void, ms: number): unknown {
    this.delays.push(ms);
    const state = { alive: true };
    const handle = { inner: undefined as unknown, ref: () => (state.alive = true), unref: () => (state.alive = false) };
    handle.inner = super.setTimeout(() => {
      this.#timers.delete(handle);
      callback();
    }, ms);
    this.#timers.set(handle, state);
    return handle;
  }

  override clearTimeout(timer: unknown): void {
    const handle = timer as { inner: unknown };
    this.#timers.delete(handle);
    super.clearTimeout(handle.inner);
  }

  get running(): number {
    return this.#timers.size;
  }

  get alive(): boolean {
    return [...this.#timers.values()].some(({ alive }) => alive);
  }
}
