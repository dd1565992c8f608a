import assert from "node:assert/strict";
import { isPending, messagesOf, type Topic, turns } from "./topic.ts";

/** The largest delay of a timeout, in ms. */
const LATE = 10;

/** A timeout is an answer: never early, and at most 10 ms late. */
export function timeouts({ it, over, timed }: Topic): void {
  it(
    "answers an empty batch when the time is up, never early and at most 10 ms late",
    timed({}, async ({ bus, clock }) => {
      const timeouts = [0.5, 1, 2, 3, 3.99, 4, 5, 17, 99.9, 100, 1_000, 50_000];
      for (const start of [0, 0.3, 1, 2.7]) {
        clock.advance(start);
        for (const timeout of timeouts) {
          const parked = bus.poll(["a"], bus.last, timeout);
          clock.advance(timeout - 0.01);
          assert.equal(await isPending(parked), true, `${timeout} ms are not over`);
          clock.advance(LATE + 0.01);
          assert.equal(await isPending(parked), false, `${timeout} ms are over`);
          const batch = await parked;
          assert.deepEqual([batch, batch.last, batch.missed], [[], bus.last, false]);
        }
      }
      assert.equal(bus.waiting, 0);
    }),
  );

  it(
    "keeps many different deadlines at once",
    timed({}, async ({ bus, clock }) => {
      const timeouts = [900, 5, 300, 301, 302, 77, 5, 3_000, 1, 299];
      const open = new Set<number>();
      for (const [index, timeout] of timeouts.entries()) {
        open.add(index);
        void bus.poll(["a"], bus.last, timeout).then(() => open.delete(index));
      }
      for (let time = 0; time <= 3_010; time += 1) {
        await turns(1);
        for (const [index, timeout] of timeouts.entries()) {
          if (time < timeout) assert.ok(open.has(index), `${timeout} ms are not over after ${time}`);
          if (time >= timeout + LATE) assert.ok(!open.has(index), `${timeout} ms are over after ${time}`);
        }
        clock.advance(1);
      }
      assert.deepEqual([open.size, bus.waiting], [0, 0]);
    }),
  );

  it(
    "is never early by the machine's clock, and hardly late",
    over({}, async ({ bus }) => {
      const start = performance.now();
      const late = await Promise.all(
        [1, 7, 20, 33.3, 40].map(async (timeout) => {
          await bus.poll(["a"], bus.last, timeout);
          return performance.now() - start - timeout;
        }),
      );
      for (const ms of late) {
        assert.ok(ms >= 0, `${ms} ms early`);
        assert.ok(ms < 500, `${ms} ms late, on a machine that may be busy`);
      }
    }),
  );

  it(
    "does not wait when the timeout is 0",
    timed({}, async ({ bus }) => {
      const batch = await bus.poll(["a"], bus.last, 0);
      assert.deepEqual([batch, batch.last, batch.missed], [[], bus.last, false]);
      assert.equal(bus.waiting, 0);
    }),
  );

  it(
    "waits 50 seconds if not told otherwise",
    timed({}, async ({ bus, clock }) => {
      const parked = bus.poll(["a"], bus.last);
      clock.advance(49_999);
      assert.equal(await isPending(parked), true);
      clock.advance(1 + LATE);
      assert.deepEqual(await parked, []);
    }),
  );

  it(
    "waits forever when the timeout is Infinity",
    timed({}, async ({ bus, clock }) => {
      const forever = bus.poll(["a"], bus.last, Number.POSITIVE_INFINITY);
      clock.advance(3_600_000);
      assert.equal(await isPending(forever), true);
      await bus.sendone("a", 1);
      assert.deepEqual(messagesOf(await forever), [1]);
    }),
  );

  it(
    "answers the last of the moment, not of the call",
    timed({}, async ({ bus, clock }) => {
      const parked = bus.poll(["quiet"], bus.last, 100);
      const id = await bus.sendone("busy", 1);
      clock.advance(100 + LATE);
      assert.equal((await parked).last, id);
    }),
  );
}
