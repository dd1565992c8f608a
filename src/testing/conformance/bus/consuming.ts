import assert from "node:assert/strict";
import type { Bus } from "../../../bus.ts";
import type { Consumer } from "../../../consumers/types.ts";
import { type Fixture, failsWith, type Topic, until } from "./topic.ts";

/** Consumers: named positions. A bus whose store keeps none refuses them. */
export function consuming({ it, over }: Topic, shared: boolean): void {
  const kept = (work: (fixture: Fixture) => Promise<void>): (() => Promise<void>) =>
    over({}, async (fixture) => {
      if (await keepsPositions(fixture.bus)) await work(fixture);
    });

  it(
    "hands over each notification once and in order, and goes on there after a close",
    kept(async ({ bus }) => {
      const seen: unknown[] = [];
      const begin = (): Consumer => bus.consume("name", ["a", ["b", 1]], ({ message }) => void seen.push(message));
      const first = begin();
      await bus.sendmany([
        ["a", 1],
        [["b", 1], 2],
        ["c", 0],
      ]);
      await bus.sendone("a", 3);
      await until(() => seen.length === 3, "all are handled");
      await first.close();
      await bus.sendone("a", 4);
      const second = begin();
      await until(() => seen.length === 4, "it goes on");
      assert.deepEqual(seen, [1, 2, 3, 4]);
      await second.close();
      const [state] = await bus.consumers.list();
      assert.deepEqual([state?.name, state?.isHeld, state?.behind], ["name", false, 0]);
    }),
  );

  it(
    "moves a name, and forgets it",
    kept(async ({ bus }) => {
      const ids = await bus.sendmany([1, 2, 3].map((n) => ["a", n] as const));
      const all = bus.consume("name", ["a"], () => {});
      await until(() => all.isActive, "it works");
      await all.close();
      await bus.consumers.seek("name", ids[0]!);
      const [state] = await bus.consumers.list();
      assert.deepEqual([state?.last, state?.behind, state?.channels], [ids[0], 2, ["a"]]);
      assert.deepEqual([await bus.consumers.delete("name"), await bus.consumers.delete("name")], [true, false]);
      assert.deepEqual(await bus.consumers.list(), []);
    }),
  );

  it(
    "refuses wrong arguments during the call",
    kept(async ({ bus }) => {
      const wrong = [{ lease: 1 }, { attempts: 0 }, { from: "never" }, { batch: 0 }, { transaction: 1 }, { nope: 1 }];
      for (const options of wrong) {
        await failsWith("bad_option", () => bus.consume("name", ["a"], () => {}, options as never));
      }
      await failsWith("bad_option", () => bus.consume("", ["a"], () => {}), "name of a consumer");
      await failsWith("bad_option", () => bus.consume("name", ["a"], undefined as never), "handler");
      await failsWith("bad_channel", () => bus.consume("name", [], () => {}));
      assert.deepEqual(await bus.consumers.list(), []);
    }),
  );

  if (!shared) return;
  it(
    "works on one bus at a time, and hands the name over at a close",
    kept(async ({ bus, open }) => {
      const other = open();
      await other.ready();
      const seen: string[] = [];
      const terms = { lease: 1_000 };
      const first = bus.consume("name", ["a"], ({ message }) => void seen.push(`first ${message}`), terms);
      await until(() => first.isActive, "the first works");
      const second = other.consume("name", ["a"], ({ message }) => void seen.push(`second ${message}`), terms);
      await other.sendone("a", 1);
      await until(() => seen.length === 1, "it is handled");
      assert.equal(second.isActive, false);
      await first.close();
      await bus.sendone("a", 2);
      await until(() => seen.length === 2, "the second goes on");
      assert.deepEqual(seen, ["first 1", "second 2"]);
    }),
  );
}

/** Returns true if the store of a bus keeps positions. A bus over any other store refuses consumers with a sentence. */
async function keepsPositions(bus: Bus): Promise<boolean> {
  try {
    await bus.consumers.list();
    return true;
  } catch (error) {
    await failsWith("bad_option", () => Promise.reject(error), "keeps no positions");
    return false;
  }
}
