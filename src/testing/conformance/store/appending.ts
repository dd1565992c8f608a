import assert from "node:assert/strict";
import { epochAt } from "../../../util/ids.ts";
import { type StoreTopic, sendOf } from "./topic.ts";

/** Opening a new log, and committing to it. */
export function appending({ it, over, ownTime }: StoreTopic): void {
  it(
    "opens a new log at its beginning, with nothing in it",
    over(async ({ clock, open }) => {
      const { sink } = await open();
      const { begin, last, gaps, watermarks, floor } = sink.opening;
      assert.ok(begin >= epochAt(clock.now()) && Number.isSafeInteger(begin));
      assert.deepEqual([last, gaps, watermarks, floor, sink.calls], [begin, [], [], 0, ["opened"]]);
    }),
  );

  it(
    "states how much it takes at once",
    over(async ({ open }) => {
      const { store } = await open();
      assert.ok(store.maxRows >= 1 && store.maxBytes >= 1);
    }),
  );

  it(
    "hands rows over, once and in order, before the append resolves",
    over(async ({ clock, open }) => {
      const { store, sink } = await open();
      const appended = store.append([sendOf("a", "b")]).then((ids) => ({ ids, seen: sink.rows.length }));
      const { ids, seen } = await appended;
      assert.equal(seen, 2);
      const [first, second] = ids[0] as readonly [number, number];
      assert.equal(second, first + 1);
      const { at } = sink.rows[0]!;
      if (ownTime) assert.ok(Math.abs((store.now?.() ?? 0) - at) < 1_000, "it says what time it is by that clock");
      else assert.equal(at, clock.now());
      assert.deepEqual(sink.rows, [
        { id: first, key: '"a"', json: '{"index":0,"key":"a"}', at, send: first },
        { id: second, key: '"b"', json: '{"index":1,"key":"b"}', at, send: first },
      ]);
    }),
  );

  it(
    "commits several sends in their order, with the ids of each",
    over(async ({ open }) => {
      const { store, sink } = await open();
      const ids = await store.append([sendOf("a"), sendOf("a", "b", "a"), sendOf("c", "c")]);
      const first = ids[0]![0]!;
      assert.deepEqual(ids, [[first], [first + 1, first + 2, first + 3], [first + 4, first + 5]]);
      assert.deepEqual(
        sink.rows.map(({ send }) => send),
        [first, first + 1, first + 1, first + 1, first + 4, first + 4],
      );
    }),
  );

  it(
    "commits sends with keys and sends without in one append, and finds the keys again",
    over(async ({ open }) => {
      const { store, sink } = await open();
      if (store.appendKeyed === undefined) return;
      const bounds = { window: 60_000, count: 100 };
      const keyed = (name: string, ...keys: string[]) => ({ rows: sendOf(...keys), key: { name, hash: "hash" } });
      const bare = (...keys: string[]) => ({ rows: sendOf(...keys), key: undefined });
      const ids = await store.appendKeyed([bare("a"), keyed("one", "a", "b"), bare("b"), keyed("two", "c")], bounds);
      const first = (ids[0] as readonly number[])[0]!;
      assert.deepEqual(ids, [[first], [first + 1, first + 2], [first + 3], [first + 4]]);
      const again = await store.appendKeyed([bare("a"), keyed("one", "a", "b"), keyed("two", "c"), bare("b")], bounds);
      assert.deepEqual(again, [[first + 5], ids[1], ids[3], [first + 6]]);
      const alone = await store.appendKeyed([bare("a")], bounds);
      assert.deepEqual(alone, [[first + 7]]);
      assert.deepEqual(
        sink.rows.map(({ send }) => send - first),
        [0, 1, 1, 3, 4, 5, 6, 7],
      );
    }),
  );

  it(
    "takes a send that is larger than maxRows, whole",
    over(async ({ open }) => {
      const { store, sink } = await open();
      const size = Math.min(store.maxRows, 1_000) * 2 + 1;
      const [ids] = await store.append([sendOf(...Array.from({ length: size }, () => "a"))]);
      assert.equal(ids?.length, size);
      assert.equal(new Set(sink.rows.map(({ send }) => send)).size, 1);
    }),
  );

  it(
    "begins a run with the first append, and tells of the gap before the rows",
    over(async ({ clock, open }) => {
      const { store, sink } = await open();
      clock.advance(1_000);
      const [[first]] = (await store.append([sendOf("a")])) as unknown as [[number]];
      assert.ok(first >= epochAt(clock.now()));
      assert.deepEqual(sink.gaps, [{ after: sink.opening.begin, before: first }]);
      assert.deepEqual(sink.calls, ["opened", "began", "commit"]);
      clock.advance(1_000);
      const [[next]] = (await store.append([sendOf("a")])) as unknown as [[number]];
      assert.equal(next, first + 1, "within a run they are consecutive");
      assert.deepEqual(sink.calls, ["opened", "began", "commit", "commit"]);
    }),
  );

  it(
    "keeps any text as it is",
    over(async ({ open }) => {
      const { store, sink } = await open();
      const texts = ['"\\u0000"', '"\\ud800"', '"é\u2028😀"', '["a",1,"\\"]"]', '"%_\';--"'];
      await store.append([texts.map((text) => ({ key: text, json: text }))]);
      assert.deepEqual(
        sink.rows.map(({ key, json }) => [key, json]),
        texts.map((text) => [text, text]),
      );
    }),
  );

  it(
    "has nothing to hand over when it is asked to catch up with itself",
    over(async ({ open }) => {
      const { store, sink } = await open();
      await store.sync();
      await store.append([sendOf("a")]);
      await Promise.all([store.sync(), store.sync()]);
      assert.equal(sink.rows.length, 1);
    }),
  );

  if (ownTime) return;
  it(
    "gives no time that lies before the one it gave last",
    over(async ({ clock, open }) => {
      const { store, sink } = await open();
      const at = clock.now();
      await store.append([sendOf("a")]);
      clock.set(at - 10_000);
      await store.append([sendOf("a")]);
      clock.set(at + 5);
      await store.append([sendOf("a")]);
      assert.deepEqual(
        sink.rows.map((row) => row.at),
        [at, at, at + 5],
      );
    }),
  );
}
