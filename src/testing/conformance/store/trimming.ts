import assert from "node:assert/strict";
import type { Trimmed } from "../../../store.ts";
import { type Opened, type StoreTopic, sendOf } from "./topic.ts";

/** Forgetting the rows that the log trims. */
export function trimming({ it, over }: StoreTopic): void {
  it(
    "forgets the rows at close at the latest, and keeps the newest trimmed id of each channel",
    over(async ({ open }) => {
      const first = await open();
      await first.store.append([sendOf("a", "b", "a", "c", "a")]);
      const { rows } = first.sink;
      trim(first, [0, 1, 2]);
      await first.close();
      const again = await open();
      assert.deepEqual(again.sink.rows, rows.slice(3));
      assert.deepEqual(watermarksOf(again), [
        ['"a"', rows[2]!.id],
        ['"b"', rows[1]!.id],
      ]);
      assert.deepEqual([again.sink.opening.last, again.sink.opening.floor], [rows[4]!.id, 0]);
    }),
  );

  it(
    "knows its newest id, and gives none again, after everything was trimmed",
    over(async ({ open }) => {
      const first = await open();
      await first.store.append([sendOf("a", "b")]);
      const { last } = first.sink;
      trim(first, [0, 1]);
      await first.close();
      const again = await open();
      assert.deepEqual([again.sink.rows, again.sink.opening.last], [[], last]);
      await again.store.append([sendOf("a")]);
      assert.ok(again.sink.last > last);
    }),
  );

  it(
    "moves a watermark on, over several trims and lives",
    over(async ({ open }) => {
      const first = await open();
      await first.store.append([sendOf("a", "a", "a", "a")]);
      const ids = first.sink.rows.map(({ id }) => id);
      trim(first, [0]);
      trim(first, [1]);
      await first.close();
      const second = await open();
      assert.deepEqual(watermarksOf(second), [['"a"', ids[1]]]);
      second.store.trim?.({ ids: [ids[2]!], keys: ['"a"'], forgotten: [], floor: 0 });
      await second.close();
      const third = await open();
      assert.deepEqual(watermarksOf(third), [['"a"', ids[2]]]);
      assert.deepEqual(
        third.sink.rows.map(({ id }) => id),
        [ids[3]],
      );
    }),
  );

  it(
    "forgets the watermarks that it is told to, and remembers up to where they lay",
    over(async ({ open }) => {
      const first = await open();
      await first.store.append([sendOf("a", "b", "c")]);
      const ids = first.sink.rows.map(({ id }) => id);
      trim(first, [0, 1, 2]);
      first.store.trim?.({ ids: [], keys: [], forgotten: ['"a"', '"b"'], floor: ids[1]! });
      await first.close();
      const again = await open();
      assert.deepEqual([watermarksOf(again), again.sink.opening.floor], [[['"c"', ids[2]]], ids[1]]);
    }),
  );

  it(
    "keeps the new watermark of a channel that was forgotten and then trimmed again",
    over(async ({ open }) => {
      const first = await open();
      await first.store.append([sendOf("a", "b", "a")]);
      const ids = first.sink.rows.map(({ id }) => id);
      first.store.trim?.({ ids: [ids[0]!], keys: ['"a"'], forgotten: [], floor: 0 });
      first.store.trim?.({ ids: [ids[2]!], keys: ['"a"'], forgotten: ['"a"'], floor: ids[0]! });
      await first.close();
      const again = await open();
      assert.deepEqual([watermarksOf(again), again.sink.opening.floor], [[['"a"', ids[2]]], ids[0]]);
    }),
  );

  it(
    "forgets many thousand rows, and sends go between",
    over(async ({ clock, open }) => {
      const first = await open();
      const size = 5_000;
      await first.store.append([sendOf(...Array.from({ length: size }, (_, index) => `channel ${index % 7}`))]);
      trim(first, [...Array(size - 1).keys()]);
      clock.advance(501);
      const [ids] = await first.store.append([sendOf("x")]);
      clock.advance(1_000);
      await first.close();
      const again = await open();
      assert.deepEqual(
        again.sink.rows.map(({ id }) => id),
        [ids![0]! - 1, ids![0]],
      );
      assert.equal(again.sink.opening.watermarks.length, 7);
    }),
  );
}

function trim({ store, sink }: Opened, places: readonly number[]): void {
  const rows = places.map((place) => sink.rows[place]!);
  const trimmed: Trimmed = {
    ids: rows.map(({ id }) => id),
    keys: rows.map(({ key }) => key),
    forgotten: [],
    floor: 0,
  };
  assert.ok(store.trim !== undefined, "what is durable can be trimmed");
  store.trim(trimmed);
}

function watermarksOf({ sink }: Opened): readonly (readonly [string, number])[] {
  return [...sink.opening.watermarks].sort(([one], [other]) => (one < other ? -1 : 1));
}
