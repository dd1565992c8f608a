import assert from "node:assert/strict";
import { remembers } from "./keys.ts";
import { failsWith, messagesOf, type Topic, until } from "./topic.ts";

const FOREVER = Number.POSITIVE_INFINITY;

/** Several buses on one log, as in several processes. */
export function sharing({ it, over }: Topic): void {
  it(
    "wakes the readers of every bus by what any of them commits",
    over({}, async ({ bus, open }) => {
      const other = open();
      await other.ready();
      const [here, there] = [bus.poll(["a"], bus.last, FOREVER), other.poll(["a"], other.last, FOREVER)];
      const id = await bus.sendone("a", "x");
      for (const batch of [await here, await there]) {
        assert.deepEqual([batch, batch.last, batch.missed], [[{ id, channel: "a", message: "x" }], id, false]);
      }
      assert.equal(other.last, bus.last);
    }),
  );

  it(
    "answers the ids of a keyed send to whoever sends it again, and then has seen it",
    over({}, async ({ bus, open }) => {
      if (!(await remembers(bus))) return;
      const other = open();
      for (let round = 0; round < 5; round += 1) {
        const key = { key: `k${round}` };
        const ids = await bus.sendmany(
          [
            ["a", round],
            ["a", "and"],
          ],
          key,
        );
        assert.deepEqual(
          await other.sendmany(
            [
              ["a", round],
              ["a", "and"],
            ],
            key,
          ),
          ids,
        );
        assert.ok(other.last >= ids[1]!);
        await failsWith("bad_key", () => other.sendone("a", round, key));
      }
      const both = await Promise.all([bus, other].map((one) => one.sendone("a", "both", { key: "both" })));
      assert.equal(both[0], both[1]);
      assert.equal((await bus.poll(["a"], 0, 0)).length, 11);
    }),
  );

  it(
    "keeps one order over the sends of all, each send whole",
    over({}, async ({ bus, open }) => {
      const other = open();
      const seen: Record<"here" | "there", unknown[]> = { here: [], there: [] };
      await other.ready();
      bus.on("notification", (notification) => seen.here.push(notification));
      other.on("notification", (notification) => seen.there.push(notification));
      const sends: Promise<readonly number[]>[] = [];
      for (let step = 0; step < 40; step += 1) {
        const sender = step % 3 === 0 ? other : bus;
        sends.push(
          sender.sendmany([
            ["a", step],
            ["b", step],
            ["a", step],
          ]),
        );
        if (step % 5 === 0) await sends.at(-1);
      }
      for (const ids of await Promise.all(sends)) assert.deepEqual(ids, [ids[0]!, ids[0]! + 1, ids[0]! + 2]);
      await until(() => seen.here.length === 120 && seen.there.length === 120, "both have seen all");
      assert.deepEqual(seen.here, seen.there);
      const ids = (seen.here as { id: number }[]).map(({ id }) => id);
      assert.deepEqual(
        ids,
        [...ids].sort((one, another) => one - another),
      );
    }),
  );

  it(
    "knows a cursor that a faster bus has given out",
    over({}, async ({ bus, open }) => {
      const other = open();
      await other.ready();
      for (let step = 0; step < 20; step += 1) {
        const id = await bus.sendone("a", step);
        const batch = await other.poll(["a"], id, 0);
        assert.deepEqual([batch, batch.last, batch.missed], [[], id, false]);
        await bus.sendone("a", "next");
        const next = await other.poll(["a"], id, FOREVER);
        assert.deepEqual([messagesOf(next), next.missed], [["next"], false]);
      }
      const batch = await other.poll(["b"], bus.last + 1, 0);
      assert.deepEqual([batch.missed, batch.last], [true, bus.last]);
    }),
  );

  it(
    "says missed for what another bus has trimmed, and for nothing else",
    over({ retention: { count: 2 } }, async ({ bus, open }) => {
      const other = open();
      await other.ready();
      const start = bus.last;
      await bus.sendone("b", 1);
      for (let step = 0; step < 6; step += 1) await bus.sendone("a", step);
      await until(() => other.last === bus.last, "the other has caught up");
      for (const each of [bus, other]) {
        const [a, b] = [await each.poll(["a"], start, 0), await each.poll(["b"], start, 0)];
        assert.deepEqual([messagesOf(a), a.missed, messagesOf(b), b.missed], [[4, 5], true, [1], false]);
      }
    }),
  );
}
