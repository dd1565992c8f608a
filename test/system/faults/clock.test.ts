import { Bus } from "nightbus";
import { describe, expect, it } from "vitest";
import type { Store } from "../../../src/store.ts";
import { sqlite } from "../../../src/stores/sqlite.ts";
import { ManualClock } from "../../../src/testing/fake/manual-clock.ts";
import { closing, temporaryFiles } from "../../stores/files.ts";

const HOUR = 3_600_000;
const DAY = 24 * HOUR;
const newPath = temporaryFiles();
const close = closing();

/** Makes the stores of one log, for one life after the other. */
const STORES: readonly (readonly [string, () => () => Store | undefined])[] = [
  ["without a store", () => () => undefined],
  [
    "over SQLite",
    () =>
      (
        (path) => () =>
          sqlite(path)
      )(newPath()),
  ],
];

describe.each(STORES)("a clock that is set, %s", (_, place) => {
  it("back by an hour: ids go on, nothing is trimmed before its time or missed for nothing", async () => {
    const { bus, clock } = await open(place());
    const first = await bus.sendone("x", "first");
    clock.set(clock.now() + HOUR);
    const second = await bus.sendone("x", "second");
    const parked = bus.poll(["x"], second, HOUR);
    clock.set(clock.now() - HOUR);
    const third = await bus.sendone("x", "third");
    expect([second, third]).toEqual([first + 1, first + 2]);
    expect(await parked).toMatchObject({ missed: false, length: 1, 0: { id: third } });
    clock.advance(DAY);
    const all = await bus.poll(["x"], 0, 0);
    expect(all.map(({ id }) => id)).toEqual([first, second, third]);
    expect((await bus.poll(["x"], first, 0)).missed).toBe(false);
    clock.advance(HOUR + 1); // for which the clock stood still, as it seemed
    expect(await bus.poll(["x"], first - 1, 0)).toMatchObject({ missed: true, length: 0 });
  });

  it("forward by a day: nothing young is trimmed, then or when it is set right, and polls keep their time", async () => {
    const { bus, clock } = await open(place());
    const [old, last] = [await bus.sendone("x", "old"), await bus.sendone("x", "last")];
    let settled = false;
    const parked = bus.poll(["x"], last, HOUR).finally(() => {
      settled = true;
    });
    clock.set(clock.now() + DAY + 1);
    clock.advance(HOUR - 1);
    await new Promise((resolve) => setImmediate(resolve));
    expect(settled, "a poll's time is no time of day").toBe(false);
    clock.advance(1);
    expect(await parked).toMatchObject({ missed: false, length: 0, last });
    expect(await bus.poll(["x"], old, 0)).toMatchObject({ missed: false, length: 1, 0: { id: last } });
    const next = await bus.sendone("x", "next");
    expect(next).toBe(last + 1);
    clock.set(clock.now() - DAY); // the bus notices the step, and corrects it
    const after = await bus.sendone("x", "after");
    expect((await bus.poll(["x"], old, 0)).map(({ id }) => id)).toEqual([last, next, after]);
    clock.advance(DAY - HOUR);
    expect(await bus.poll(["x"], old, 0)).toMatchObject({ missed: false, length: 3 });
    clock.advance(HOUR + 1);
    expect((await bus.poll(["x"], old - 1, 0)).missed, "it ages by the time that passes").toBe(true);
  });

  it("back by an hour between two lives: no id is given twice, and no cursor taken for another", async () => {
    const clock = new ManualClock();
    const store = place();
    const { bus } = await open(store, clock);
    const before = await bus.sendone("x", "before");
    await bus.close();
    clock.set(clock.now() - HOUR);
    const { bus: again } = await open(store, clock);
    const isKept = (await again.poll(["x"], 0, 0)).length > 0;
    expect((await again.poll(["x"], before, 0)).missed).toBe(!isKept);
    const after = await again.sendone("x", "after");
    if (isKept) expect(after).toBeGreaterThan(before);
    expect((await again.poll(["x"], before, 0)).missed).toBe(!isKept);
    expect((await again.poll(["x"], after - 1, 0)).at(-1)).toMatchObject({ id: after });
  });
});

async function open(
  store: () => Store | undefined,
  clock = new ManualClock(),
): Promise<{ bus: Bus; clock: ManualClock }> {
  const made = store();
  const bus = close(new Bus(made === undefined ? { clock } : { clock, store: made }));
  await bus.ready();
  return { bus, clock };
}
