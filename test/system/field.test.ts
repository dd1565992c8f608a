import assert from "node:assert/strict";
import { Bus, type Channel } from "nightbus";
import { sqlite } from "nightbus/sqlite";
import { describe, it } from "vitest";
import { messagesOf, turns } from "../../src/testing/conformance/bus/topic.ts";
import { ManualClock } from "../../src/testing/fake/manual-clock.ts";
import { temporary } from "../stores/conformance/factories.ts";
import { StoreDouble } from "../support/doubles.ts";

const FOREVER = Number.POSITIVE_INFINITY;

/** By the numbers of FIELD.md. */
describe("what users of the neighbours suffer from, this bus", () => {
  it("1: loses nothing between reading the backlog and going live, nor between rendering a page and polling", async () => {
    await using bus = new Bus({ clock: new ManualClock() });
    await bus.sendone("a", "on the page");
    const page = { history: await bus.recent(["a"], 10), last: bus.last };
    await bus.sendone("a", "while it loads");
    const seen: unknown[] = messagesOf(page.history) as unknown[];
    for (let last = page.last; seen.length < 50; ) {
      // Sent in the same tick as the poll that reads and parks: before it, and after it.
      const before = bus.sendone("a", seen.length);
      const poll = bus.poll(["a"], last, FOREVER);
      const after = bus.sendone("a", seen.length);
      const batch = await poll;
      seen.push(...messagesOf(batch));
      last = batch.last;
      await Promise.all([before, after]);
    }
    const all = await bus.poll(["a"], 0, 0);
    assert.deepEqual(seen, messagesOf(all).slice(0, seen.length));
  });

  it("2: never delivers a lower id after a higher one: the order of ids is the order of commits", async () => {
    const { path, remove } = temporary();
    const buses = [0, 1, 2].map(() => new Bus({ store: sqlite(path, { durability: "normal" }) }));
    const seen: number[] = [];
    try {
      await Promise.all(buses.map((bus) => bus.ready()));
      buses[0]!.on("notification", ({ id }) => seen.push(id));
      const sends: Promise<unknown>[] = [];
      for (let step = 0; step < 60; step += 1) {
        sends.push(
          buses[step % 3]!.sendmany([
            ["a", step],
            ["b", step],
          ]),
        );
        if (step % 7 === 0) await turns(1);
      }
      await Promise.all(sends);
      while (seen.length < 120) await turns(1);
    } finally {
      for (const bus of buses) await bus.close();
      remove();
    }
    assert.deepEqual(
      seen,
      [...seen].sort((one, other) => one - other),
    );
  });

  it("4: says that history was lost when it was, and never for nothing, as on each refresh", async () => {
    await using bus = new Bus({ retention: { count: 2 } });
    await bus.ready();
    const away = bus.last;
    for (const message of [1, 2, 3]) await bus.sendone("a", message);
    const back = await bus.poll(["a"], away, 0);
    assert.deepEqual([back.missed, messagesOf(back)], [true, [2, 3]]);
    for (let refresh = 0; refresh < 3; refresh += 1) {
      await bus.sendone("busy", refresh);
      const batch = await bus.poll(["a"], back.last, 0);
      assert.deepEqual([batch.missed, batch.length], [false, 0]);
      assert.equal((await bus.poll(["a"], 0, 0)).missed, false, "nor for who comes for the first time");
    }
  });

  it("5: is not deaf to a cursor from another life, be it larger than all of its own ids", async () => {
    const clock = new ManualClock();
    const before = new Bus({ clock });
    const old = await before.sendone("a", "before the reset");
    await before.close();
    clock.set(clock.now() - 3_600_000);
    await using bus = new Bus({ clock: { ...clocked(clock), base: () => 1_000 } });
    await bus.sendone("a", "after the reset");
    assert.ok(bus.last < old, "a server whose ids began again");
    const batch = await bus.poll(["a"], old, FOREVER);
    assert.deepEqual([messagesOf(batch), batch.missed], [["after the reset"], true]);
    const parked = bus.poll(["a"], batch.last, FOREVER);
    await bus.sendone("a", "live");
    assert.deepEqual(messagesOf(await parked), ["live"]);
  });

  it("6: asks the store nothing for any of a thousand readers", async () => {
    const store = new StoreDouble();
    await using bus = new Bus({ store });
    await bus.sendone("a", 0);
    const catchingUp = await Promise.all(Array.from({ length: 1_000 }, () => bus.poll(["a"], 0, 0)));
    const parked = Array.from({ length: 1_000 }, () => bus.poll(["a"], bus.last, FOREVER));
    await bus.sendone("a", 1);
    assert.ok([...catchingUp, ...(await Promise.all(parked))].every(({ length }) => length === 1));
    assert.deepEqual([store.syncs, store.appends.length], [0, 2]);
  });

  it("9: keeps storage bounded without being asked, and outside of every send", async () => {
    const store = new StoreDouble();
    await using bus = new Bus({ store });
    let rows = 0;
    for (let round = 0; round < 300; round += 1) {
      const trims = store.trims.length;
      const ids = await bus.sendmany(
        Array.from({ length: 1_000 }, (_, index) => [["c", (index + round) % 150], 1] as const),
      );
      await turns(1);
      rows += ids.length;
      for (const { ids: gone } of store.trims.slice(trims)) rows -= gone.length;
      assert.ok(rows <= 100_000, `${rows} rows`);
    }
    assert.equal(rows, 100_000);
  });

  it("10: does not hang on held polls when it is shut down", async () => {
    const bus = new Bus();
    await bus.ready();
    const polls = Array.from({ length: 100 }, (_, index) => bus.poll(["a", ["b", index]], bus.last, FOREVER));
    const loops = Array.from({ length: 10 }, async () => {
      for await (const _ of bus.subscribe(["a"])) assert.fail("nothing was sent");
    });
    await turns();
    await bus.close();
    assert.ok((await Promise.all(polls)).every(({ length }) => length === 0));
    await Promise.all(loops);
  });

  it("12: lets nobody reach a private tuple by a public name", async () => {
    await using bus = new Bus();
    const secret: Channel = ["res.partner", 7];
    await bus.sendone(secret, "private");
    const guesses = ['["res.partner",7]', "res.partner,7", "res.partner", "7", '["res.partner", 7]'];
    assert.deepEqual(await bus.poll(guesses, 0, 0), []);
    const parked = bus.poll(guesses, bus.last, FOREVER);
    await bus.sendone(secret, "still private");
    assert.equal(bus.waiting, 1);
    await bus.close();
    assert.deepEqual(await parked, []);
  });

  it("15: says on which channel each came, and sends to many at once", async () => {
    await using bus = new Bus();
    const to: readonly Channel[] = ["a", ["b", 1], ["b", "1"], "c"];
    const ids = await bus.sendmany(to.map((channel) => [channel, "all of you"] as const));
    const batch = await bus.poll(to, 0, 0);
    assert.deepEqual(
      batch.map(({ id, channel }) => [id, channel]),
      to.map((channel, index) => [ids[index], channel]),
    );
  });
});

/** The methods of a clock as an object of their own. */
function clocked(clock: ManualClock) {
  return {
    now: () => clock.now(),
    monotonic: () => clock.monotonic(),
    setTimeout: (callback: () => void, ms: number) => clock.setTimeout(callback, ms),
    clearTimeout: (timer: unknown) => clock.clearTimeout(timer),
  };
}
