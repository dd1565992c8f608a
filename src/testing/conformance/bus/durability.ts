import assert from "node:assert/strict";
import { epochAt } from "../../../util/ids.ts";
import { messagesOf, type Topic } from "./topic.ts";

/** A log that outlives its buses. */
export function durability({ it, itAges, over, timed }: Topic): void {
  it(
    "has everything again in another life: rows, order, and where it stood",
    over({}, async ({ bus, open }) => {
      const first = await bus.sendmany([
        ["a", { text: "é\u2028\ud800" }],
        [["b", 1], 2],
      ]);
      const second = await bus.sendone("a", 3);
      const before = await bus.poll(["a", ["b", 1]], 0, 0);
      await bus.close();
      const again = open();
      await again.ready();
      assert.equal(again.last, second, "opening moves nothing");
      const batch = await again.poll(["a", ["b", 1]], 0, 0);
      assert.deepEqual(batch, before);
      assert.deepEqual([batch.last, batch.missed], [second, false]);
      const cut = await again.poll(["a", ["b", 1]], 0, 0, { limit: 1 });
      assert.deepEqual(
        cut.map(({ id }) => id),
        first,
        "a send is still whole",
      );
    }),
  );

  it(
    "stands at its beginning again when nothing was ever sent",
    timed({}, async ({ bus, clock, open }) => {
      const begin = bus.last;
      await bus.close();
      clock.advance(1_000);
      const again = open();
      await again.ready();
      assert.equal(again.last, begin);
      assert.equal((await again.poll(["a"], begin, 0)).missed, false);
    }),
  );

  it(
    "resumes from any last of an earlier life and misses nothing",
    timed({}, async ({ bus, clock, open }) => {
      const lasts = [bus.last];
      let reader = bus;
      for (let life = 0; life < 4; life += 1) {
        for (let step = 0; step < 3; step += 1) lasts.push(await reader.sendone("a", lasts.length));
        await reader.close();
        clock.advance(1_000);
        reader = open();
      }
      for (const [seen, last] of lasts.entries()) {
        const batch = await reader.poll(["a"], last, 0);
        assert.deepEqual(
          [messagesOf(batch), batch.missed],
          [Array.from({ length: 12 - seen }, (_, index) => seen + index + 1), false],
        );
      }
    }),
  );

  it(
    "begins a new run with the first commit of a life, and calls what lies in the gap missed",
    timed({}, async ({ bus, clock, open }) => {
      const old = await bus.sendone("a", "old");
      await bus.close();
      clock.advance(1_000);
      const again = open();
      const fresh = await again.sendone("a", "new");
      assert.ok(fresh >= epochAt(clock.now()), "at the clock");
      for (const last of [old + 1, fresh - 1]) {
        const batch = await again.poll(["a"], last, Number.POSITIVE_INFINITY);
        assert.deepEqual([messagesOf(batch), batch.missed, batch.last], [["new"], true, fresh]);
      }
      await again.close();
      const third = open();
      assert.equal((await third.poll(["a"], old + 1, 0)).missed, true, "where a run began is as durable as its rows");
      assert.equal((await third.poll(["a"], old, 0)).missed, false);
    }),
  );

  it(
    "begins a new run above the newest id also when the clock was set back",
    timed({}, async ({ bus, clock, open }) => {
      const old = await bus.sendone("a", 1);
      await bus.close();
      clock.set(clock.now() - 86_400_000);
      const again = open();
      assert.ok((await again.sendone("a", 2)) > old);
      assert.deepEqual(messagesOf(await again.poll(["a"], old, 0)), [2]);
    }),
  );

  it(
    "says missed in another life for what was trimmed in one before, and for nothing else",
    over({ retention: { count: 1, total: 2 } }, async ({ bus, open }) => {
      const start = bus.last;
      const lost = await bus.sendone("empty", 1);
      for (const message of [1, 2]) await bus.sendone("a", message);
      const kept = await bus.sendone("b", 1);
      await bus.close();
      const again = open();
      const missed = async (channel: string, last: number): Promise<boolean> =>
        (await again.poll([channel], last, 0)).missed;
      assert.deepEqual([await missed("empty", start), await missed("empty", lost)], [true, false]);
      assert.deepEqual(
        [await missed("a", start), await missed("a", lost), await missed("a", lost + 1)],
        [true, true, false],
      );
      assert.deepEqual([await missed("b", start), await missed("never used", start)], [false, false]);
      assert.deepEqual(messagesOf(await again.poll(["a", "b", "empty"], 0, 0)), [2, 1]);
      assert.equal(again.last, kept);
    }),
  );

  it(
    "applies its retention to what it finds",
    timed({}, async ({ bus, clock, open }) => {
      const start = bus.last;
      for (let step = 0; step < 10; step += 1) await bus.sendone("a", step);
      await bus.close();
      const few = open({ clock, retention: { count: 3 } });
      const batch = await few.poll(["a"], start, 0);
      assert.deepEqual([messagesOf(batch), batch.missed], [[7, 8, 9], true]);
    }),
  );

  itAges(
    "applies its retention by age to what it finds",
    timed({}, async ({ bus, clock, open }) => {
      await bus.sendone("a", 1);
      await bus.close();
      clock.advance(1_000);
      const again = open({ clock, retention: { age: 999 } });
      assert.deepEqual(await again.poll(["a"], 0, 0), []);
    }),
  );

  it(
    "emits nothing for what is replayed",
    over({}, async ({ bus, open }) => {
      await bus.sendone("a", "replayed");
      await bus.close();
      const again = open();
      const seen: unknown[] = [];
      again.on("notification", ({ message }) => seen.push(message));
      await again.ready();
      await again.sendone("a", "new");
      assert.deepEqual(seen, ["new"]);
    }),
  );

  it(
    "subscribes from the newest id of the log, and not from what is replayed",
    over({}, async ({ bus, open }) => {
      await bus.sendone("a", "replayed");
      await bus.close();
      const again = open();
      const subscription = again.subscribe(["a"]);
      await again.sendone("a", "new");
      assert.equal((await subscription.next()).value?.message, "new");
    }),
  );
}
