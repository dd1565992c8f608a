import assert from "node:assert/strict";
import { messagesOf, type Topic } from "./topic.ts";

/** The answers that a poll gives at once. */
export function polling({ it, itAges, over, timed }: Topic): void {
  it(
    "reads from the oldest retained notification when last is 0",
    over({}, async ({ bus }) => {
      for (const message of [1, 2, 3]) await bus.sendone("a", message);
      const batch = await bus.poll(["a"]);
      assert.deepEqual(messagesOf(batch), [1, 2, 3]);
      assert.equal(batch.missed, false);
      assert.equal(batch.last, bus.last);
    }),
  );

  it(
    "answers what came after last, and nothing else",
    over({}, async ({ bus }) => {
      const ids = await bus.sendmany([1, 2, 3, 4].map((message) => ["a", message] as const));
      for (const [index, id] of ids.slice(0, 3).entries()) {
        const batch = await bus.poll(["a"], id, 0);
        assert.deepEqual(messagesOf(batch), [2, 3, 4].slice(index));
        assert.equal(batch.missed, false);
      }
      assert.deepEqual(messagesOf(await bus.poll(["a"], ids[3], 0)), []);
    }),
  );

  it(
    "answers several channels in the one order, and no other channel",
    over({}, async ({ bus }) => {
      for (let step = 0; step < 30; step += 1) await bus.sendone(["a", step % 5], step);
      const batch = await bus.poll([["a", 3], ["a", 0], "a"], 0, 0);
      assert.deepEqual(
        messagesOf(batch),
        Array.from({ length: 30 }, (_, step) => step).filter((step) => step % 5 === 3 || step % 5 === 0),
      );
      assert.deepEqual(
        batch.map(({ id }) => id),
        batch.map(({ id }) => id).sort((one, other) => one - other),
      );
    }),
  );

  it(
    "moves a quiet reader's last with the bus, so that it misses nothing that was not its own",
    over({ retention: { count: 2 } }, async ({ bus }) => {
      const start = bus.last;
      for (let step = 0; step < 5; step += 1) await bus.sendone("busy", step);
      const batch = await bus.poll(["quiet"], start, 0);
      assert.deepEqual([batch.length, batch.last, batch.missed], [0, bus.last, false]);
      await bus.sendone("busy", 6);
      const both = await bus.poll(["quiet", "busy"], batch.last, 0);
      assert.deepEqual([messagesOf(both), both.missed], [[6], false]);
    }),
  );

  it(
    "bounds an answer by limit, and the next poll goes on from its last",
    over({}, async ({ bus }) => {
      for (let step = 0; step < 10; step += 1) await bus.sendone("a", step);
      const seen: unknown[] = [];
      let last = 0;
      for (let poll = 0; poll < 4; poll += 1) {
        const batch = await bus.poll(["a"], last, 0, { limit: 3 });
        assert.equal(batch.length, poll < 3 ? 3 : 1);
        if (poll < 3) assert.equal(batch.last, batch.at(-1)?.id);
        seen.push(...messagesOf(batch));
        last = batch.last;
      }
      assert.deepEqual(seen, [0, 1, 2, 3, 4, 5, 6, 7, 8, 9]);
      assert.equal(last, bus.last);
    }),
  );

  it(
    "never cuts a send by the limit, be it the bus's or the poll's",
    over({ limit: 2 }, async ({ bus }) => {
      await bus.sendone("a", 0);
      await bus.sendmany([1, 2, 3].map((message) => ["a", message] as const));
      await bus.sendone("a", 4);
      const first = await bus.poll(["a"], 0, 0);
      assert.deepEqual(messagesOf(first), [0, 1, 2, 3]);
      assert.deepEqual(messagesOf(await bus.poll(["a"], first.last, 0)), [4]);
      assert.deepEqual(messagesOf(await bus.poll(["a"], 0, 0, { limit: 1 })), [0]);
      assert.deepEqual(messagesOf(await bus.poll(["a"], 0, 0, { limit: Number.POSITIVE_INFINITY })), [0, 1, 2, 3, 4]);
    }),
  );

  it(
    "cuts between two sends of one commit, not inside one, when rows of others lie between",
    over({}, async ({ bus }) => {
      await Promise.all([
        bus.sendmany([
          ["a", 1],
          ["b", 0],
          ["a", 2],
          ["b", 0],
        ]),
        bus.sendmany([
          ["b", 0],
          ["a", 3],
          ["a", 4],
        ]),
      ]);
      const batch = await bus.poll(["a"], 0, 0, { limit: 1 });
      assert.deepEqual(messagesOf(batch), [1, 2]);
      const rest = await bus.poll(["a"], batch.last, 0, { limit: 1 });
      assert.deepEqual([messagesOf(rest), rest.last], [[3, 4], bus.last]);
    }),
  );

  it(
    "stands right before the next send when the limit cuts, also where the rest of its own was trimmed",
    over({ retention: { count: 2 } }, async ({ bus }) => {
      const [, trimmed] = await bus.sendmany([
        ["a", 1],
        ["b", "trimmed"],
      ]);
      for (const message of [2, 3]) await bus.sendone("b", message);
      const batch = await bus.poll(["a", "b"], 0, 0, { limit: 1 });
      assert.deepEqual([messagesOf(batch), batch.last, batch.missed], [[1], trimmed, false]);
      const rest = await bus.poll(["a", "b"], batch.last, 0);
      assert.deepEqual([messagesOf(rest), rest.last, rest.missed], [[2, 3], bus.last, false]);
    }),
  );

  it(
    "bounds an answer by 1,000 if not told otherwise",
    over({ retention: { count: 2_000 } }, async ({ bus }) => {
      await Promise.all(Array.from({ length: 1_010 }, (_, index) => bus.sendone("a", index)));
      const batch = await bus.poll(["a"], 0, 0);
      assert.deepEqual([batch.length, batch.last], [1_000, batch.at(-1)?.id]);
      assert.equal((await bus.poll(["a"], batch.last, 0)).length, 10);
    }),
  );

  itAges(
    "looks back from 0 for so many ms, and no further",
    timed({}, async ({ bus, clock }) => {
      for (const message of ["30 ms", "20 ms", "10 ms"]) {
        await bus.sendone("a", message);
        clock.advance(10);
      }
      const since = async (lookback: number): Promise<readonly unknown[]> =>
        messagesOf(await bus.poll(["a"], 0, 0, { lookback }));
      assert.deepEqual(await since(9), []);
      assert.deepEqual(await since(10), ["10 ms"]);
      assert.deepEqual(await since(29), ["20 ms", "10 ms"]);
      assert.deepEqual(await since(Number.POSITIVE_INFINITY), ["30 ms", "20 ms", "10 ms"]);
      const batch = await bus.poll(["a"], 0, 0, { lookback: 5 });
      assert.deepEqual([batch.last, batch.missed], [bus.last, false]);
    }),
  );

  it(
    "does not look back by time from any other last",
    timed({}, async ({ bus, clock }) => {
      const id = await bus.sendone("a", 1);
      await bus.sendone("a", 2);
      clock.advance(1_000);
      assert.deepEqual(messagesOf(await bus.poll(["a"], id, 0, { lookback: 10 })), [2]);
    }),
  );

  it(
    "answers the newest of recent, oldest first, with last to poll from",
    over({}, async ({ bus }) => {
      for (let step = 0; step < 12; step += 1) await bus.sendone(["a", step % 3], step);
      const batch = await bus.recent(
        [
          ["a", 0],
          ["a", 1],
          ["a", 0],
        ],
        3,
      );
      assert.deepEqual(messagesOf(batch), [7, 9, 10]);
      assert.deepEqual([batch.last, batch.missed], [bus.last, false]);
      await bus.sendone(["a", 0], "next");
      assert.deepEqual(messagesOf(await bus.poll([["a", 0]], batch.last, 0)), ["next"]);
      assert.equal((await bus.recent([["a", 0]], 100)).length, 5);
      assert.deepEqual([...(await bus.recent(["quiet"], 5))], []);
    }),
  );

  it(
    "answers an array that compares and serialises as one, with last and missed beside it",
    over({}, async ({ bus }) => {
      const id = await bus.sendone("a", 1);
      const batch = await bus.poll(["a"], 0, 0);
      assert.ok(Array.isArray(batch));
      assert.deepEqual(batch, [{ id, channel: "a", message: 1 }]);
      assert.equal(JSON.stringify(batch), `[{"id":${id},"channel":"a","message":1}]`);
      assert.deepEqual(Object.keys(batch), ["0"]);
      assert.deepEqual([batch.last, batch.missed], [id, false]);
      const empty = await bus.poll(["a"], id, 0);
      assert.deepEqual(empty, []);
      assert.deepEqual([JSON.stringify(empty), empty.last, empty.missed], ["[]", id, false]);
    }),
  );
}
