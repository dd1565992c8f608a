import assert from "node:assert/strict";
import type { Positions } from "../../../store.ts";
import { failsWith } from "../bus/topic.ts";
import { movingWithin } from "./moving-within.ts";
import { positionsOf, type StoreFixture, type StoreTopic } from "./topic.ts";

/** The positions of consumers, as far as the store keeps them. */
export function positions(topic: StoreTopic): void {
  const { it, over, factory } = topic;
  const { positions: kind = "none", durable, shared } = factory;
  it(
    "keeps positions as its factory states",
    over(async ({ open }) => {
      const { store } = await open();
      assert.equal(store.positions !== undefined, kind !== "none");
      assert.equal(store.positions?.within !== undefined, kind === "within");
    }),
  );
  if (kind === "none") return;
  changing(topic);
  if (durable) lasting(topic);
  if (shared) racing(topic);
  if (kind === "within") movingWithin(topic);
}

function changing({ it, over }: StoreTopic): void {
  const kept = (work: (positions: Positions) => Promise<void>): (() => Promise<void>) =>
    over(async ({ open }: StoreFixture) => work(positionsOf((await open()).store)));

  it(
    "begins without positions",
    kept(async (all) => {
      assert.deepEqual([await all.list(), await all.read("a")], [[], undefined]);
    }),
  );

  it(
    "makes a position under an absent name, and lists it",
    kept(async (all) => {
      const version = await all.replace("a", 0, "one");
      assert.ok(version !== undefined && Number.isSafeInteger(version) && version > 0);
      const position = { name: "a", version, state: "one" };
      assert.deepEqual([await all.read("a"), await all.list()], [position, [position]]);
    }),
  );

  it(
    "replaces a position of the stored version only, and gives it a larger one",
    kept(async (all) => {
      const first = (await all.replace("a", 0, "one"))!;
      const second = (await all.replace("a", first, "two"))!;
      assert.ok(second > first);
      for (const version of [0, first, second + 1]) {
        assert.equal(await all.replace("a", version, "three"), undefined);
        assert.equal(await all.replace("a", version, undefined), undefined);
      }
      assert.equal(await all.replace("absent", second, "three"), undefined);
      assert.deepEqual(await all.list(), [{ name: "a", version: second, state: "two" }]);
    }),
  );

  it(
    "gives a larger version to a state that stays the same",
    kept(async (all) => {
      const first = (await all.replace("a", 0, "one"))!;
      const second = (await all.replace("a", first, "one"))!;
      assert.ok(second > first);
      assert.equal(await all.replace("a", first, "one"), undefined);
    }),
  );

  it(
    "removes a position, and never gives the name an earlier version again",
    kept(async (all) => {
      const first = (await all.replace("a", 0, "one"))!;
      const second = (await all.replace("a", first, "two"))!;
      assert.equal(await all.replace("a", second, undefined), 0);
      assert.deepEqual([await all.read("a"), await all.list()], [undefined, []]);
      assert.equal(await all.replace("a", second, "late"), undefined);
      const third = (await all.replace("a", 0, "three"))!;
      assert.ok(third > second);
      assert.deepEqual(await all.read("a"), { name: "a", version: third, state: "three" });
    }),
  );

  it(
    "keeps names apart, lists them in their order, and keeps any text as it is",
    kept(async (all) => {
      const names = ["é/😀", "B", "a.b *", "a", "x>y\"'%"];
      for (const name of names) assert.ok((await all.replace(name, 0, `{"of":"${name}\\u0000"}`)) !== undefined);
      const large = "x".repeat(256 * 1_024);
      const { version } = (await all.read("a"))!;
      assert.ok((await all.replace("a", version, large)) !== undefined);
      const listed = await all.list();
      assert.deepEqual(listed.map(({ name }) => name).sort(), [...names].sort());
      assert.deepEqual(
        listed.filter(({ name }) => /^\w$/.test(name)).map(({ name }) => name),
        ["B", "a"],
      );
      for (const { name, state } of listed) assert.equal(state, name === "a" ? large : `{"of":"${name}\\u0000"}`);
    }),
  );

  it(
    "lets one of many changes of one version succeed",
    kept(async (all) => {
      const version = (await all.replace("a", 0, "start"))!;
      const changes = ["one", "two", "three", "four"].map((state) => all.replace("a", version, state));
      const won = (await Promise.all(changes)).filter((next) => next !== undefined);
      assert.equal(won.length, 1);
      assert.equal((await all.read("a"))?.version, won[0]);
    }),
  );

  it(
    "changes positions without a change of the log",
    over(async ({ open }) => {
      const { store, sink } = await open();
      await positionsOf(store).replace("a", 0, "one");
      await store.sync();
      assert.deepEqual(sink.calls, ["opened"]);
    }),
  );
}

function lasting({ it, over }: StoreTopic): void {
  it(
    "keeps positions beyond the store, and counts their versions on",
    over(async ({ open }) => {
      const one = await open();
      const kept = (await positionsOf(one.store).replace("kept", 0, "state"))!;
      const gone = (await positionsOf(one.store).replace("gone", 0, "state"))!;
      await positionsOf(one.store).replace("gone", gone, undefined);
      await one.close();
      const all = positionsOf((await open()).store);
      assert.deepEqual(await all.list(), [{ name: "kept", version: kept, state: "state" }]);
      assert.ok((await all.replace("kept", kept, "next"))! > kept);
      assert.ok((await all.replace("gone", 0, "again"))! > gone);
    }),
  );

  it(
    "rejects with store after its end",
    over(async ({ open }) => {
      const { store, close } = await open();
      await close();
      await failsWith("store", () => positionsOf(store).replace("a", 0, "late"));
    }),
  );
}

function racing({ it, over }: StoreTopic): void {
  it(
    "shows a position to other stores as soon as it is replaced",
    over(async ({ open }) => {
      const [one, other] = [await open(), await open()].map(({ store }) => positionsOf(store)) as [
        Positions,
        Positions,
      ];
      const first = (await one.replace("a", 0, "one"))!;
      assert.deepEqual(await other.read("a"), { name: "a", version: first, state: "one" });
      const second = (await other.replace("a", first, "two"))!;
      assert.equal(await one.replace("a", first, "late"), undefined);
      assert.deepEqual(await one.list(), [{ name: "a", version: second, state: "two" }]);
    }),
  );

  it(
    "counts exactly what two stores add to one position by turns that collide",
    over(async ({ open }) => {
      const stores = [await open(), await open()].map(({ store }) => positionsOf(store));
      const add = async (all: Positions, times: number): Promise<void> => {
        for (let added = 0; added < times; ) {
          const { version, state } = (await all.read("sum")) ?? { version: 0, state: "0" };
          if ((await all.replace("sum", version, String(Number(state) + 1))) !== undefined) added += 1;
        }
      };
      await Promise.all(stores.map((all) => add(all, 20)));
      assert.equal((await stores[0]!.read("sum"))?.state, "40");
    }),
  );
}
