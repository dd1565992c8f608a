import assert from "node:assert/strict";
import { epochAt, IDS_PER_MS } from "../../../util/ids.ts";
import { messagesOf, type Topic } from "./topic.ts";

const FOREVER = Number.POSITIVE_INFINITY;

/** A stale cursor is answered at once, with `missed`. */
export function cursors({ it, itAges, over, timed }: Topic): void {
  it(
    "stands at the log's beginning once ready, which is not 0 and from where nothing was missed",
    over({}, async ({ bus }) => {
      const begin = bus.last;
      assert.ok(Number.isSafeInteger(begin) && begin > 0);
      const id = await bus.sendone("a", 1);
      assert.ok(id > begin);
      const batch = await bus.poll(["a"], begin, 0);
      assert.deepEqual([messagesOf(batch), batch.missed], [[1], false]);
    }),
  );

  it(
    "begins its ids at the clock in quarters of a microsecond since 2020",
    timed({}, async ({ bus, clock }) => {
      clock.advance(1_000);
      const first = await bus.sendone("a", 1);
      const ahead = (first - epochAt(clock.now())) / IDS_PER_MS;
      assert.ok(ahead >= 0 && ahead < 1_000, `${first}`);
      clock.advance(1_000);
      assert.equal(await bus.sendone("a", 2), first + 1, "and counts on within the run");
    }),
  );

  it(
    "answers a last from before the beginning at once: missed, and everything retained",
    timed({}, async ({ bus, clock }) => {
      const begin = bus.last;
      clock.advance(5);
      await bus.sendmany([
        ["a", 1],
        ["b", 2],
        ["a", 3],
      ]);
      for (const last of [1, begin - 1]) {
        const batch = await bus.poll(["a"], last, FOREVER);
        assert.deepEqual([messagesOf(batch), batch.missed, batch.last], [[1, 3], true, bus.last]);
      }
    }),
  );

  it(
    "answers a last in the gap before a run at once: missed, and everything retained after it",
    timed({}, async ({ bus, clock }) => {
      const begin = bus.last;
      clock.advance(5);
      const first = await bus.sendone("a", 1);
      assert.ok(first - begin > 2, "there is a gap");
      for (const last of [begin + 1, first - 1]) {
        const batch = await bus.poll(["a"], last, FOREVER);
        assert.deepEqual([messagesOf(batch), batch.missed, batch.last], [[1], true, first]);
      }
      assert.equal((await bus.poll(["a"], first, 0)).missed, false);
    }),
  );

  it(
    "answers a last beyond the newest id at once: missed, and everything retained, as from 0",
    over({}, async ({ bus }) => {
      await bus.sendmany([
        ["a", 1],
        ["b", 2],
        ["a", 3],
      ]);
      for (const last of [bus.last + 1, bus.last + 1_000_000, Number.MAX_SAFE_INTEGER]) {
        const batch = await bus.poll(["a"], last, FOREVER);
        assert.deepEqual([messagesOf(batch), batch.missed, batch.last], [[1, 3], true, bus.last]);
        const none = await bus.poll(["quiet"], last, FOREVER);
        assert.deepEqual([none, none.missed, none.last], [[], true, bus.last]);
      }
    }),
  );

  it(
    "answers a mistaken last also when nothing was ever sent, and puts the reader right",
    over({}, async ({ bus }) => {
      for (const last of [1, bus.last - 1, bus.last + 1]) {
        const batch = await bus.poll(["a"], last, FOREVER);
        assert.deepEqual([batch, batch.missed, batch.last], [[], true, bus.last]);
        assert.equal((await bus.poll(["a"], batch.last, 0)).missed, false);
      }
    }),
  );

  it(
    "bounds the answer to a mistaken last by the limit as well, and what follows misses nothing more",
    over({}, async ({ bus }) => {
      for (const message of [1, 2, 3]) await bus.sendone("a", message);
      const batch = await bus.poll(["a"], bus.last + 7, 0, { limit: 2 });
      assert.deepEqual([messagesOf(batch), batch.missed, batch.last], [[1, 2], true, bus.last - 1]);
      const rest = await bus.poll(["a"], batch.last, 0, { limit: 2 });
      assert.deepEqual([messagesOf(rest), rest.missed], [[3], false]);
    }),
  );

  it(
    "says missed when something after last was trimmed, and from its watermark on no more",
    over({ retention: { count: 2 } }, async ({ bus }) => {
      const start = bus.last;
      const ids = [start];
      for (const message of [1, 2, 3, 4]) ids.push(await bus.sendone("a", message));
      const missed = [];
      for (const last of ids) {
        const batch = await bus.poll(["a"], last, 0);
        missed.push(batch.missed);
        assert.deepEqual(messagesOf(batch), last < ids[2]! ? [3, 4] : [3, 4].slice(ids.indexOf(last) - 2));
      }
      assert.deepEqual(missed, [true, true, false, false, false]);
    }),
  );

  itAges(
    "answers at once when all that came after last was trimmed",
    timed({ retention: { age: 10 } }, async ({ bus, clock }) => {
      const start = bus.last;
      await bus.sendone("a", 1);
      clock.advance(11);
      const batch = await bus.poll(["a"], start, FOREVER);
      assert.deepEqual([batch, batch.missed, batch.last], [[], true, bus.last]);
    }),
  );

  it(
    "never says missed for last = 0, nor for what was trimmed of other channels",
    over({ retention: { count: 1 } }, async ({ bus }) => {
      const start = bus.last;
      await bus.sendone("a", 1);
      for (const message of [1, 2, 3]) await bus.sendone("b", message);
      assert.equal((await bus.poll(["b"], 0, 0)).missed, false);
      assert.equal((await bus.poll(["a"], start, 0)).missed, false);
      assert.equal((await bus.poll(["never used"], start, 0)).missed, false);
      assert.equal((await bus.poll(["a", "b"], start, 0)).missed, true);
    }),
  );

  it(
    "does not confuse a cursor of another bus with its own",
    over({}, async ({ bus, open }) => {
      const id = await bus.sendone("a", "another life");
      await bus.close();
      const again = open();
      await again.ready();
      const own = await again.sendone("a", "this life");
      assert.ok(own > id, "no id is given twice");
      const batch = await again.poll(["a"], id, 0);
      assert.deepEqual(messagesOf(batch), ["this life"]);
    }),
  );
}
