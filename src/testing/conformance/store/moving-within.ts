import assert from "node:assert/strict";
import type { PositionChange } from "../../../store.ts";
import { failsWith, until } from "../bus/topic.ts";
import { type Opened, positionsOf, type StoreTopic, sendOf, withinOf } from "./topic.ts";

/** Positions that move in one transaction with a send. */
export function movingWithin({ it, over, factory }: StoreTopic): void {
  it(
    "commits the work together with the position",
    over(async ({ open }) => {
      const one = await open();
      const first = await withinOf(one.store).run(moving(0, "one"), (tx) => one.store.within!(tx, sendOf("a")));
      const second = await withinOf(one.store).run(moving(first!, "two"), (tx) => one.store.within!(tx, sendOf("b")));
      assert.ok(second! > first!);
      await hasKeys(one, ['"a"', '"b"']);
      assert.deepEqual(await positionsOf(one.store).read("mover"), { name: "mover", version: second, state: "two" });
    }),
  );

  it(
    "rolls the work back if another version is stored",
    over(async ({ open }) => {
      const one = await open();
      const version = (await positionsOf(one.store).replace("mover", 0, "stored"))!;
      for (const wrong of [0, version + 1]) {
        const moved = withinOf(one.store).run(moving(wrong, "wrong"), (tx) => one.store.within!(tx, sendOf("a")));
        assert.equal(await moved, undefined);
      }
      assert.deepEqual(await keys(one), []);
      assert.deepEqual(await positionsOf(one.store).read("mover"), { name: "mover", version, state: "stored" });
    }),
  );

  it(
    "rolls everything back if the work fails, and rejects with its error",
    over(async ({ open }) => {
      const one = await open();
      const reason = new Error("the work failed");
      const isSynchronous = withinOf(one.store).isSynchronous;
      const work = (tx: unknown): unknown => {
        const sent = one.store.within!(tx, sendOf("a"));
        if (isSynchronous) throw reason;
        return Promise.resolve(sent).then(() => Promise.reject(reason));
      };
      await assert.rejects(withinOf(one.store).run(moving(0, "never"), work), (error) => error === reason);
      assert.deepEqual([await keys(one), await positionsOf(one.store).list()], [[], []]);
      await withinOf(one.store).run(moving(0, "later"), () => undefined);
      assert.equal((await positionsOf(one.store).read("mover"))?.state, "later");
    }),
  );

  it(
    "asks for the version and the state after the work",
    over(async ({ open }) => {
      const { store } = await open();
      const asked: string[] = [];
      const change: PositionChange = {
        name: "mover",
        version: () => asked.push("version") * 0,
        state: () => `state ${asked.push("state")}`,
      };
      await withinOf(store).run(change, () => void asked.push("work"));
      assert.equal(asked[0], "work");
      assert.deepEqual([...asked].sort(), ["state", "version", "work"]);
    }),
  );

  it(
    "treats a promise of the work as it states",
    over(async ({ open }) => {
      const one = await open();
      const run = (): Promise<number | undefined> =>
        withinOf(one.store).run(moving(0, "state"), async (tx) => one.store.within!(tx, sendOf("a")));
      if (withinOf(one.store).isSynchronous) {
        await failsWith("bad_transaction", run, "promise");
        assert.deepEqual([await keys(one), await positionsOf(one.store).list()], [[], []]);
      } else {
        assert.ok((await run()) !== undefined);
        await hasKeys(one, ['"a"']);
      }
    }),
  );

  if (!factory.shared) return;
  it(
    "lets one of two stores move a version, and rolls the other back",
    over(async ({ open }) => {
      const [one, other] = [await open(), await open()];
      const version = (await positionsOf(one.store).replace("mover", 0, "start"))!;
      const move = ({ store }: Opened, state: string): Promise<number | undefined> =>
        withinOf(store).run(moving(version, state), (tx) => store.within!(tx, sendOf(state)));
      const moved = await Promise.all([move(one, "one"), move(other, "other")]);
      assert.equal(moved.filter((next) => next !== undefined).length, 1);
      const won = moved[0] === undefined ? "other" : "one";
      await hasKeys(one, [JSON.stringify(won)]);
      assert.equal((await positionsOf(other.store).read("mover"))?.state, won);
    }),
  );
}

function moving(version: number, state: string): PositionChange {
  return { name: "mover", version: () => version, state: () => state };
}

// A store may commit the sends of a transaction soon after it.
async function hasKeys(opened: Opened, wanted: readonly string[]): Promise<void> {
  await until(() => opened.sink.rows.length >= wanted.length, "the sends are committed");
  assert.deepEqual(await keys(opened), wanted);
}

async function keys({ store, sink }: Opened): Promise<readonly string[]> {
  await store.sync();
  return sink.rows.map(({ key }) => key);
}
