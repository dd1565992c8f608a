import assert from "node:assert/strict";
import { systemClock } from "../../../util/clock.ts";
import { until } from "../bus/topic.ts";
import { type Opened, type StoreTopic, sendOf } from "./topic.ts";

/** Several stores on one log, as in several processes. */
export function sharing({ it, over }: StoreTopic): void {
  it(
    "hands over what others committed before a sync was asked for, when it resolves",
    over(async ({ open }) => {
      const [one, other] = [await open(), await open()];
      for (let round = 0; round < 10; round += 1) {
        const sender = round % 3 === 0 ? other : one;
        await sender.store.append([sendOf("a", "b"), sendOf("c")]);
        await Promise.all([one.store.sync(), other.store.sync()]);
        assert.deepEqual(other.sink.rows, one.sink.rows);
        assert.equal(one.sink.rows.length, 3 * (round + 1));
      }
    }),
  );

  it(
    "hands over what others commit, without being asked",
    over(async ({ open }) => {
      const [one, other] = [await open(systemClock), await open(systemClock)];
      await one.store.append([sendOf("a", "b")]);
      await until(() => other.sink.rows.length === 2, "the other store sees it");
      await other.store.append([sendOf("c")]);
      await until(() => one.sink.rows.length === 3, "and the first what the other sends");
      assert.deepEqual(one.sink.rows, other.sink.rows);
    }),
  );

  it(
    "hands over what others committed before its own append, first",
    over(async ({ open }) => {
      const [one, other] = [await open(), await open()];
      await one.store.append([sendOf("a")]);
      await other.store.append([sendOf("b")]);
      assert.deepEqual(
        other.sink.rows.map(({ key }) => key),
        ['"a"', '"b"'],
      );
    }),
  );

  it(
    "tells the others of each run, before its rows, and continues the newest",
    over(async ({ clock, open }) => {
      const [one, other] = [await open(), await open()];
      for (const { store } of [one, other, one]) {
        clock.advance(100); // an engine with a clock of its own stamps rows by that, should this one go far ahead
        await store.append([sendOf("a")]);
      }
      await other.store.sync();
      assert.deepEqual(other.sink.gaps, one.sink.gaps);
      assert.equal(one.sink.gaps.length, 2, "each process began one");
      assert.deepEqual(other.sink.rows, one.sink.rows);
      const third = await open();
      assert.deepEqual(third.sink.gaps, one.sink.gaps);
    }),
  );

  it(
    "opens a log that others are using, without moving it",
    over(async ({ clock, open }) => {
      const one = await open();
      await one.store.append([sendOf("a")]);
      clock.advance(1_000);
      const other = await open();
      assert.deepEqual([other.sink.rows, other.sink.last], [one.sink.rows, one.sink.last]);
      await one.store.append([sendOf("a")]);
      await other.store.sync();
      assert.equal(other.sink.gaps.length, one.sink.gaps.length);
      assert.equal(other.sink.last, one.sink.last);
    }),
  );

  it(
    "tells a store that lags of the rows that it will never see, before those that follow",
    over(async ({ open }) => {
      const [one, late] = [await open(), await open()];
      await one.store.append([sendOf("a", "b", "a", "c")]);
      const { rows } = one.sink;
      one.store.trim?.({
        ids: rows.slice(0, 3).map(({ id }) => id),
        keys: ['"a"', '"b"', '"a"'],
        forgotten: [],
        floor: 0,
      });
      await one.close();
      await late.store.sync();
      for (const { id, key } of rows) assert.ok(late.sink.explains(id, key), `${id} on ${key}`);
      assert.ok(late.sink.rows.some(({ id }) => id === rows[3]!.id));
      const calls = late.sink.calls.filter((call) => call === "trimmed" || call === "commit");
      if (late.sink.rows.length === 1) assert.deepEqual(calls, ["trimmed", "commit"]);
    }),
  );

  it(
    "never moves a watermark back, whichever of two trims first",
    over(async ({ open }) => {
      const [one, other] = [await open(), await open()];
      await one.store.append([sendOf("a", "a", "a")]);
      await other.store.sync();
      const ids = one.sink.rows.map(({ id }) => id);
      one.store.trim?.({ ids: ids.slice(0, 2), keys: ['"a"', '"a"'], forgotten: [], floor: 0 });
      await one.close();
      other.store.trim?.({ ids: ids.slice(0, 1), keys: ['"a"'], forgotten: [], floor: 0 });
      await other.close();
      const third: Opened = await open();
      assert.deepEqual(third.sink.opening.watermarks, [['"a"', ids[1]]]);
      assert.deepEqual(
        third.sink.rows.map(({ id }) => id),
        [ids[2]],
      );
    }),
  );
}
