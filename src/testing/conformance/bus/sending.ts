import assert from "node:assert/strict";
import { failsWith, type Topic, turns } from "./topic.ts";

/** Sends have one order, are committed whole, and are seen after their commit. */
export function sending({ it, over }: Topic): void {
  it(
    "resolves with the id, which is then the newest",
    over({}, async ({ bus }) => {
      const id = await bus.sendone("a", 1);
      assert.ok(Number.isSafeInteger(id) && id > 0);
      assert.equal(bus.last, id);
    }),
  );

  it(
    "gives consecutive ids within a run, in the order of the commits",
    over({}, async ({ bus }) => {
      const first = await bus.sendone("a", 0);
      for (let step = 1; step <= 20; step += 1) assert.equal(await bus.sendone(["b", step], step), first + step);
    }),
  );

  it(
    "orders the sends of one tick as they were called",
    over({}, async ({ bus }) => {
      const sends = Array.from({ length: 50 }, (_, index) => bus.sendone(`channel ${index % 3}`, index));
      const ids = await Promise.all(sends);
      assert.deepEqual(
        ids,
        ids.map((_, index) => ids[0]! + index),
      );
      const batch = await bus.poll(["channel 0", "channel 1", "channel 2"], 0, 0);
      assert.deepEqual(
        batch.map(({ message }) => message),
        ids.map((_, index) => index),
      );
    }),
  );

  it(
    "orders the sends that gather while a commit is under way",
    over({}, async ({ bus }) => {
      const ids: number[] = [];
      const note = (id: number): number => ids.push(id);
      const sends: Promise<unknown>[] = [];
      for (let round = 0; round < 20; round += 1) {
        sends.push(bus.sendone("a", round).then(note), bus.sendone("a", round).then(note));
        await Promise.resolve();
      }
      await Promise.all(sends);
      assert.deepEqual(
        ids,
        ids.map((_, index) => ids[0]! + index),
        "they resolve in their order",
      );
      const batch = await bus.poll(["a"], 0, 0);
      assert.deepEqual(
        batch.map(({ id, message }) => [id, message]),
        ids.map((id, index) => [id, Math.floor(index / 2)]),
      );
    }),
  );

  it(
    "gives the notifications of one sendmany consecutive ids, in order",
    over({}, async ({ bus }) => {
      const other = bus.sendone("a", "before");
      const ids = await bus.sendmany([
        ["a", 1],
        [["b", 2], 2],
        ["a", 3],
      ]);
      const before = await other;
      assert.deepEqual(ids, [before + 1, before + 2, before + 3]);
      assert.deepEqual(
        [...(await bus.poll(["a", ["b", 2]], before, 0))],
        [
          { id: ids[0], channel: "a", message: 1 },
          { id: ids[1], channel: ["b", 2], message: 2 },
          { id: ids[2], channel: "a", message: 3 },
        ],
      );
    }),
  );

  it(
    "sends nothing for no entries",
    over({}, async ({ bus }) => {
      const before = bus.last;
      assert.deepEqual(await bus.sendmany([]), []);
      assert.equal(bus.last, before);
    }),
  );

  it(
    "sends none of the entries when one of them is bad",
    over({}, async ({ bus }) => {
      const first = await bus.sendone("a", "first");
      await failsWith("bad_message", () =>
        bus.sendmany([
          ["a", 1],
          ["a", undefined],
          ["a", 3],
        ]),
      );
      await failsWith("bad_channel", () =>
        bus.sendmany([
          ["a", 1],
          ["", 2],
          ["a", 3],
        ]),
      );
      await turns();
      assert.equal(bus.last, first, "no id was used up");
      assert.equal((await bus.poll(["a"], first, 0)).length, 0);
    }),
  );

  it(
    "rejects a bad send alone, not those of the same tick",
    over({}, async ({ bus }) => {
      const results = await Promise.allSettled([
        bus.sendone("a", 1),
        bus.sendmany([
          ["a", 2],
          ["a", undefined],
        ]),
        bus.sendone("a", 3),
      ]);
      assert.deepEqual(
        results.map(({ status }) => status),
        ["fulfilled", "rejected", "fulfilled"],
      );
      const batch = await bus.poll(["a"], 0, 0);
      assert.deepEqual(
        batch.map(({ message }) => message),
        [1, 3],
      );
    }),
  );

  it(
    "hands out no id before the commit, and then everyone sees it",
    over({}, async ({ bus }) => {
      const before = bus.last;
      const sent = bus.sendone("a", 1);
      assert.equal(bus.last, before, "nothing is committed during the call");
      const early = await bus.poll(["b"], before, 0);
      assert.equal(early.last <= bus.last, true);
      const id = await sent;
      assert.ok(bus.last >= id);
      const [notification] = await bus.poll(["a"], before, 0);
      assert.deepEqual(notification, { id, channel: "a", message: 1 });
    }),
  );

  it(
    "takes a send of more rows than a store commits at once, whole",
    over({}, async ({ bus }) => {
      const entries = Array.from({ length: 700 }, (_, index) => ["a", index] as const);
      const parked = bus.poll(["a"], bus.last, 10_000);
      const [ids, batch] = [await bus.sendmany(entries), await parked];
      assert.equal(ids.at(-1)! - ids[0]!, 699);
      assert.deepEqual(
        batch.map(({ message }) => message),
        entries.map(([, message]) => message),
      );
    }),
  );
}
