import assert from "node:assert/strict";
import { isPending, messagesOf, type Topic, turns, until } from "./topic.ts";

const FOREVER = Number.POSITIVE_INFINITY;

/** A poll without rows parks, and news wake it. */
export function parking({ it, over, timed }: Topic): void {
  it(
    "parks when there is nothing, and is answered by the next notification",
    over({}, async ({ bus }) => {
      const start = bus.last;
      const parked = bus.poll(["a"], start, 10_000);
      assert.equal(await isPending(parked), true);
      assert.equal(bus.waiting, 1);
      const id = await bus.sendone("a", "x");
      const batch = await parked;
      assert.deepEqual(batch, [{ id, channel: "a", message: "x" }]);
      assert.deepEqual([batch.last, batch.missed, bus.waiting], [id, false, 0]);
    }),
  );

  it(
    "is not woken by other channels",
    over({}, async ({ bus }) => {
      const parked = bus.poll(["a", ["b", 1]], bus.last, FOREVER);
      await bus.sendmany([
        ["b", 1],
        [["b", 2], 1],
        [["a"], 1],
      ]);
      assert.equal(await isPending(parked), true);
      await bus.sendone(["b", 1], "mine");
      assert.deepEqual(messagesOf(await parked), ["mine"]);
    }),
  );

  it(
    "is answered once with all that was committed together, on all of its channels",
    over({}, async ({ bus }) => {
      const parked = bus.poll(["a", "b"], bus.last, FOREVER);
      await turns();
      const sends = [bus.sendone("b", 1), bus.sendone("c", 2), bus.sendone("a", 3)];
      const batch = await parked;
      assert.deepEqual(messagesOf(batch), [1, 3]);
      assert.equal(batch.last, (await Promise.all(sends)).at(-1));
    }),
  );

  it(
    "keeps to the limit when it is woken, cuts no send, and goes on from its last",
    over({}, async ({ bus }) => {
      const parked = bus.poll(["a"], bus.last, FOREVER, { limit: 1 });
      const whole = bus.poll(["a"], bus.last, FOREVER);
      await turns();
      await Promise.all([
        bus.sendmany([
          ["a", 1],
          ["a", 2],
        ]),
        bus.sendone("a", 3),
      ]);
      const batch = await parked;
      assert.deepEqual(messagesOf(batch), [1, 2]);
      assert.deepEqual(messagesOf(await bus.poll(["a"], batch.last, 0)), [3]);
      assert.deepEqual(messagesOf(await whole), [1, 2, 3]);
    }),
  );

  it(
    "is answered after it had read from 0 with what is new alone",
    timed({}, async ({ bus, clock }) => {
      await bus.sendone("a", "old");
      clock.advance(1_000);
      const parked = bus.poll(["a"], 0, FOREVER, { lookback: 10 });
      await turns();
      assert.equal(bus.waiting, 1);
      await bus.sendone("a", "new");
      assert.deepEqual(messagesOf(await parked), ["new"]);
    }),
  );

  it(
    "loses nothing between reading and parking, whatever is sent meanwhile",
    over({}, async ({ bus }) => {
      const seen: unknown[] = [];
      let last = bus.last;
      const reading = (async () => {
        while (seen.length < 200) {
          const batch = await bus.poll(["a"], last, FOREVER, { limit: 2 });
          seen.push(...messagesOf(batch));
          last = batch.last;
        }
      })();
      for (let step = 0; step < 200; step += 1) {
        void bus.sendone("a", step);
        for (let hops = step % 7; hops > 0; hops -= 1) await Promise.resolve();
      }
      await reading;
      assert.deepEqual(
        seen,
        Array.from({ length: 200 }, (_, step) => step),
      );
    }),
  );

  it(
    "answers readers who are present before anything is trimmed",
    over({ retention: { count: 1, total: 2 } }, async ({ bus }) => {
      const [one, both] = [bus.poll(["a"], bus.last, FOREVER), bus.poll(["a", "b"], bus.last, FOREVER)];
      await turns();
      await Promise.all([
        bus.sendmany([
          ["a", 1],
          ["a", 2],
          ["b", 3],
        ]),
        bus.sendone("a", 4),
        bus.sendone("c", 5),
      ]);
      assert.deepEqual([messagesOf(await one), (await one).missed], [[1, 2, 4], false]);
      assert.deepEqual([messagesOf(await both), (await both).missed], [[1, 2, 3, 4], false]);
    }),
  );

  it(
    "counts the parked polls",
    over({}, async ({ bus }) => {
      const end = new AbortController();
      const polls = Array.from({ length: 10 }, (_, index) =>
        bus.poll(["all", ["one", index]], bus.last, FOREVER, { signal: end.signal }),
      );
      await turns();
      assert.equal(bus.waiting, 10);
      await bus.sendone(["one", 3], "x");
      assert.deepEqual([messagesOf(await polls[3]!), bus.waiting], [["x"], 9]);
      end.abort();
      await Promise.allSettled(polls);
      assert.equal(bus.waiting, 0);
      await bus.sendone("all", "nobody is there");
    }),
  );

  it(
    "wakes each of a thousand readers of one channel, once",
    over({}, async ({ bus }) => {
      const polls = Array.from({ length: 1_000 }, (_, index) => bus.poll(["a", ["b", index]], bus.last, FOREVER));
      await turns();
      await bus.sendmany([
        ["a", "x"],
        [["b", 7], "y"],
      ]);
      const answers = await Promise.all(polls);
      assert.deepEqual(messagesOf(answers[7]!), ["x", "y"]);
      assert.ok(answers.every((batch, index) => index === 7 || (batch.length === 1 && batch[0]?.message === "x")));
      assert.equal(bus.waiting, 0);
    }),
  );

  it(
    "rejects with the reason of its signal when it is aborted, at once",
    over({}, async ({ bus }) => {
      const reason = { why: "the reader left" };
      const end = new AbortController();
      const parked = bus.poll(["a"], bus.last, FOREVER, { signal: end.signal });
      const stays = bus.poll(["a"], bus.last, FOREVER);
      await turns();
      end.abort(reason);
      await assert.rejects(parked, (thrown) => thrown === reason);
      assert.equal(bus.waiting, 1);
      await bus.sendone("a", "x");
      assert.deepEqual(messagesOf(await stays), ["x"]);
    }),
  );

  it(
    "rejects with the reason when the signal was aborted before, also if there is something to answer",
    over({}, async ({ bus }) => {
      await bus.sendone("a", 1);
      const reason = new Error("gone");
      const signal = AbortSignal.abort(reason);
      for (const last of [0, bus.last, bus.last + 1]) {
        await assert.rejects(bus.poll(["a"], last, FOREVER, { signal }), (thrown) => thrown === reason);
      }
      assert.equal(bus.waiting, 0);
    }),
  );

  it(
    "is not troubled by an abort after the answer",
    over({}, async ({ bus }) => {
      const end = new AbortController();
      const parked = bus.poll(["a"], bus.last, FOREVER, { signal: end.signal });
      await bus.sendone("a", 1);
      end.abort();
      assert.deepEqual(messagesOf(await parked), [1]);
      await until(() => bus.waiting === 0, "nobody waits");
    }),
  );
}
