import assert from "node:assert/strict";
import type { Bus } from "../../../bus.ts";
import { type Fixture, failsWith, messagesOf, type OptionsOfBus, type Topic } from "./topic.ts";

const MINUTE = 60_000;

/** Keys: a send that is made twice commits once. A bus whose store remembers no keys refuses them. */
export function keys({ it, itAges, over, timed }: Topic): void {
  const keyed = (work: (fixture: Fixture) => Promise<void>, options: OptionsOfBus = {}) =>
    timed(options, async (fixture) => {
      if (await remembers(fixture.bus)) await work(fixture);
    });

  it(
    "refuses a key that is no text of 1 to 255 characters, and sends nothing",
    over({}, async ({ bus }) => {
      for (const key of ["", "x".repeat(256), 7, null, {}]) {
        await failsWith("bad_key", () => bus.sendone("a", 1, { key } as never), /key must be|remembers no keys/);
      }
      await failsWith("bad_option", () => bus.sendone("a", 1, { kee: "x" } as never), "kee");
      assert.deepEqual(messagesOf(await bus.poll(["a"], 0, 0)), []);
    }),
  );

  it(
    "answers the same ids to the same send, and commits it once",
    keyed(async ({ bus }) => {
      const entries = [
        ["a", { text: "once" }],
        [["b", 7], 2],
      ] as const;
      const ids = await bus.sendmany(entries, { key: "k" });
      assert.deepEqual(await bus.sendmany(entries, { key: "k" }), ids);
      const together = await Promise.all([1, 2, 3].map(() => bus.sendone("a", "three", { key: "three" })));
      assert.equal(new Set(together).size, 1);
      const other = await bus.sendone("a", "three", { key: "another" });
      assert.deepEqual(
        (await bus.poll(["a", ["b", 7]], 0, 0)).map(({ id }) => id),
        [...ids, together[0], other],
      );
    }),
  );

  it(
    "refuses the key of a send of other entries, alone",
    keyed(async ({ bus }) => {
      const sends = [
        bus.sendone("a", 1, { key: "k" }),
        bus.sendone("a", 2, { key: "k" }),
        bus.sendone("b", 1, { key: "k" }),
        bus.sendmany([], { key: "k" }),
        bus.sendone("a", 3),
      ];
      const settled = await Promise.allSettled(sends);
      assert.deepEqual(
        settled.map(({ status }) => status),
        ["fulfilled", "rejected", "rejected", "fulfilled", "fulfilled"],
      );
      await failsWith("bad_key", () => sends[1], "other entries");
      await failsWith("bad_key", () => bus.sendone("a", "1", { key: "k" }));
      assert.deepEqual(messagesOf(await bus.poll(["a", "b"], 0, 0)), [1, 3]);
    }),
  );

  it(
    "finds the send that it belongs to, also beside a send of other entries",
    keyed(async ({ bus }) => {
      const id = await bus.sendone("a", 1, { key: "k" });
      const sends = [2, 1, 3, 1].map((message) => bus.sendone("a", message, { key: "k" }));
      const settled = await Promise.allSettled(sends);
      assert.deepEqual(
        settled.map((each) => (each.status === "fulfilled" ? each.value : each.reason.code)),
        ["bad_key", id, "bad_key", id],
      );
    }),
  );

  it(
    "outlives the rows of the send",
    keyed(
      async ({ bus }) => {
        const id = await bus.sendone("a", "first", { key: "k" });
        await bus.sendone("a", "second");
        assert.deepEqual(messagesOf(await bus.poll(["a"], 0, 0)), ["second"]);
        assert.equal(await bus.sendone("a", "first", { key: "k" }), id);
      },
      { retention: { count: 1 } },
    ),
  );

  itAges(
    "is forgotten after the window",
    keyed(
      async ({ bus, clock }) => {
        const id = await bus.sendone("a", 1, { key: "k" });
        clock.advance(MINUTE - 1);
        assert.equal(await bus.sendone("a", 1, { key: "k" }), id);
        clock.advance(1);
        const next = await bus.sendone("a", 1, { key: "k" });
        assert.ok(next > id);
        assert.equal(await bus.sendone("a", 1, { key: "k" }), next, "and the new send has the key");
      },
      { keys: { window: MINUTE } },
    ),
  );

  it(
    "is forgotten if too many others come, and the bus tells of it",
    keyed(
      async ({ bus }) => {
        const errors: Error[] = [];
        bus.on("error", (error) => errors.push(error));
        const ids: number[] = [];
        for (const key of ["a", "b", "c", "d", "e"]) ids.push(await bus.sendone("x", key, { key }));
        assert.equal(await bus.sendone("x", "e", { key: "e" }), ids[4]);
        assert.ok((await bus.sendone("x", "a", { key: "a" })) > ids[4]!);
        assert.match(errors.map(({ message }) => message).join(), /keys\.count/);
        assert.equal(errors.length, 1, "once a window");
      },
      { keys: { count: 2 } },
    ),
  );
}

/** Returns true if the store of a bus remembers keys. A bus over any other store refuses them with a sentence. */
export async function remembers(bus: Bus): Promise<boolean> {
  try {
    await bus.sendone("probe", null, { key: "probe" });
    return true;
  } catch (error) {
    await failsWith("bad_key", () => Promise.reject(error), "remembers no keys");
    return false;
  }
}
