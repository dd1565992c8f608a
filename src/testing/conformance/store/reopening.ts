import assert from "node:assert/strict";
import { epochAt } from "../../../util/ids.ts";
import { type StoreTopic, sendOf } from "./topic.ts";

/** A log after a restart of its process. */
export function reopening({ it, over }: StoreTopic): void {
  it(
    "replays the rows, as they were committed",
    over(async ({ open }) => {
      const first = await open();
      await first.store.append([sendOf("a"), sendOf("b", "\ud800é")]);
      await first.store.append([sendOf("a", "a")]);
      await first.close();
      const again = await open();
      assert.deepEqual(again.sink.rows, first.sink.rows);
      assert.deepEqual(again.sink.opening.last, first.sink.last);
      assert.deepEqual(again.sink.opening.begin, first.sink.opening.begin);
      assert.deepEqual([again.sink.calls[0], again.sink.errors], ["opened", []]);
    }),
  );

  it(
    "replays more rows than fit into one page, each once",
    over(async ({ open }) => {
      const first = await open();
      for (let send = 0; send < 25; send += 1) {
        await first.store.append([sendOf(...Array.from({ length: 500 }, () => "a"))]);
      }
      await first.close();
      const again = await open();
      assert.equal(again.sink.rows.length, 12_500);
      assert.deepEqual(again.sink.rows, first.sink.rows);
    }),
  );

  it(
    "moves nothing by opening and closing alone",
    over(async ({ clock, open }) => {
      const first = await open();
      await first.close();
      clock.advance(1_000);
      const second = await open();
      assert.deepEqual(second.sink.opening, first.sink.opening);
      await second.store.append([sendOf("a")]);
      await second.close();
      clock.advance(1_000);
      const third = await open();
      await third.close();
      const fourth = await open();
      assert.deepEqual(fourth.sink.opening, third.sink.opening);
      assert.equal(fourth.sink.opening.last, second.sink.last);
    }),
  );

  it(
    "begins a new run with the first append of each life, and remembers the gaps",
    over(async ({ clock, open }) => {
      const gaps: { after: number; before: number }[] = [];
      for (let life = 0; life < 3; life += 1) {
        const { store, sink, close } = await open();
        assert.deepEqual(sink.opening.gaps, gaps);
        const after = sink.last;
        clock.advance(1_000);
        await store.append([sendOf("a", "b")]);
        const before = sink.rows.at(-2)!.id;
        assert.ok(before >= epochAt(clock.now()), "at the clock");
        gaps.push({ after, before });
        assert.deepEqual(sink.gaps, gaps);
        assert.deepEqual(sink.calls.slice(-2), ["began", "commit"]);
        await close();
      }
    }),
  );

  it(
    "begins a run above all ids, and a time after all times, also when the clock was set back",
    over(async ({ clock, open }) => {
      const first = await open();
      await first.store.append([sendOf("a")]);
      await first.close();
      clock.set(clock.now() - 86_400_000);
      const again = await open();
      await again.store.append([sendOf("a")]);
      const [old, fresh] = again.sink.rows;
      assert.ok(fresh!.id > old!.id && fresh!.at >= old!.at);
    }),
  );
}
