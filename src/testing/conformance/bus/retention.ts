import assert from "node:assert/strict";
import type { Bus } from "../../../bus.ts";
import type { Channel } from "../../../notification.ts";
import { messagesOf, type Topic, turns } from "./topic.ts";

/** The limits of retention. */
export function retention({ it, itAges, over, timed }: Topic): void {
  it(
    "retains so many of each channel",
    over({ retention: { count: 3 } }, async ({ bus }) => {
      for (let step = 0; step < 10; step += 1) await bus.sendone(["a", step % 2], step);
      assert.deepEqual(await retained(bus, ["a", 0]), [4, 6, 8]);
      assert.deepEqual(await retained(bus, ["a", 1]), [5, 7, 9]);
    }),
  );

  it(
    "retains so many of all channels together, the newest",
    over({ retention: { total: 4 } }, async ({ bus }) => {
      for (let step = 0; step < 10; step += 1) await bus.sendone(["a", step % 3], step);
      assert.deepEqual(await retained(bus, ["a", 0]), [6, 9]);
      assert.deepEqual(await retained(bus, ["a", 1]), [7]);
      assert.deepEqual(await retained(bus, ["a", 2]), [8]);
    }),
  );

  it(
    "counts the channel first and then the total, at every commit",
    over({ retention: { count: 2, total: 3 } }, async ({ bus }) => {
      await bus.sendone("quiet", "stays");
      for (let step = 0; step < 5; step += 1) await bus.sendone("busy", step);
      assert.deepEqual(await retained(bus, "quiet"), ["stays"]);
      assert.deepEqual(await retained(bus, "busy"), [3, 4]);
      await bus.sendone("other", "x");
      assert.deepEqual(await retained(bus, "quiet"), []);
    }),
  );

  itAges(
    "retains for so many ms, and applies it at every read",
    timed({ retention: { age: 100 } }, async ({ bus, clock }) => {
      const start = bus.last;
      const first = await bus.sendone("a", 1);
      clock.advance(50);
      await bus.sendone("a", 2);
      clock.advance(50);
      assert.deepEqual(await retained(bus, "a"), [1, 2]);
      assert.equal((await bus.poll(["a"], start, 0)).missed, false);
      clock.advance(1);
      assert.deepEqual(messagesOf(await bus.recent(["a"], 5)), [2]);
      assert.deepEqual(await retained(bus, "a"), [2]);
      assert.equal((await bus.poll(["a"], start, 0)).missed, true);
      assert.equal((await bus.poll(["a"], first, 0)).missed, false);
      clock.advance(50);
      assert.deepEqual(await retained(bus, "a"), []);
    }),
  );

  itAges(
    "asks of() for a channel's own age and count, and falls back on the others",
    timed(
      {
        retention: {
          age: 1_000,
          count: 3,
          of: (channel: Channel) => {
            if (channel === "short") return { age: 10 };
            if (Array.isArray(channel) && channel[0] === "few" && channel[1] === 1) return { count: 1 };
            return channel === "all" ? { age: Number.POSITIVE_INFINITY, count: Number.POSITIVE_INFINITY } : undefined;
          },
        },
      },
      async ({ bus, clock }) => {
        const channels: Channel[] = ["short", ["few", 1], ["few", 2], "all"];
        for (let step = 0; step < 5; step += 1) {
          await bus.sendmany(channels.map((channel) => [channel, step] as const));
        }
        const lengths = async (): Promise<number[]> =>
          Promise.all(channels.map(async (channel) => (await retained(bus, channel)).length));
        assert.deepEqual(await lengths(), [3, 1, 3, 5]);
        clock.advance(11);
        assert.deepEqual(await lengths(), [0, 1, 3, 5]);
        clock.advance(1_000);
        assert.deepEqual(await lengths(), [0, 0, 0, 5]);
      },
    ),
  );

  it(
    "reports what of() throws or gives wrong, and retains by the defaults",
    over(
      {
        retention: {
          count: 2,
          of: (channel) => (channel === "a" ? { count: -1 } : assert.fail(`no idea of ${String(channel)}`)),
        },
      },
      async ({ bus }) => {
        const errors: string[] = [];
        bus.on("error", (error) => errors.push(error.message));
        for (const message of [1, 2, 3])
          await bus.sendmany([
            ["a", message],
            ["b", message],
          ]);
        assert.deepEqual(await retained(bus, "a"), [2, 3]);
        assert.deepEqual(await retained(bus, "b"), [2, 3]);
        assert.equal(errors.length, 2);
        assert.match(errors[0]!, /retention\.of.*-1/);
        assert.equal(errors[1], "no idea of b");
      },
    ),
  );

  it(
    "can retain nothing, and still answers those who wait",
    over({ retention: { count: 0 } }, async ({ bus }) => {
      const start = bus.last;
      const parked = bus.poll(["a"], start, Number.POSITIVE_INFINITY);
      await turns();
      const id = await bus.sendone("a", 1);
      assert.deepEqual(messagesOf(await parked), [1]);
      const late = await bus.poll(["a"], start, 0);
      assert.deepEqual([late, late.missed, late.last], [[], true, id]);
    }),
  );

  itAges(
    "does not take the age from a clock that was set back",
    timed({ retention: { age: 100 } }, async ({ bus, clock }) => {
      const start = bus.last;
      await bus.sendone("a", 1);
      clock.set(clock.now() - 60_000);
      await bus.sendone("a", 2);
      assert.deepEqual(await retained(bus, "a"), [1, 2]);
      clock.set(clock.now() + 60_050);
      assert.deepEqual(await retained(bus, "a"), [1, 2]);
      assert.equal((await bus.poll(["a"], start, 0)).missed, false);
      clock.advance(101);
      await bus.sendone("a", 3);
      clock.set(clock.now() - 60_000);
      assert.deepEqual(await retained(bus, "a"), [3], "and retains no longer because of it");
      assert.deepEqual(await bus.poll(["a"], 0, 0, { lookback: 0 }), [{ id: bus.last, channel: "a", message: 3 }]);
    }),
  );

  itAges(
    "retains what is exactly as old as allowed, also behind what is older",
    timed({ retention: { age: 100 } }, async ({ bus, clock }) => {
      await bus.sendone("a", 1);
      clock.advance(50);
      await bus.sendone("a", 2);
      clock.advance(100);
      assert.deepEqual(await retained(bus, "a"), [2]);
    }),
  );

  it(
    "never gives an id again after everything was trimmed",
    timed({ retention: { age: 10 } }, async ({ bus, clock }) => {
      const id = await bus.sendone("a", 1);
      clock.advance(60_000);
      assert.deepEqual(await retained(bus, "a"), []);
      assert.equal(bus.last, id);
      assert.equal(await bus.sendone("a", 2), id + 1);
    }),
  );

  it(
    "remembers what an empty and forgotten channel has lost",
    over({ retention: { total: 1 } }, async ({ bus }) => {
      const start = bus.last;
      const a = await bus.sendone("a", 1);
      await bus.sendone("b", 2);
      for (const last of [start, a - 1]) assert.equal((await bus.poll(["a"], last, 0)).missed, true);
      assert.equal((await bus.poll(["a"], a, 0)).missed, false);
      await bus.sendone("a", 3);
      assert.equal((await bus.poll(["a"], start, 0)).missed, true);
      assert.equal((await bus.poll(["a"], a, 0)).missed, false);
    }),
  );
}

async function retained(bus: Bus, channel: Channel): Promise<readonly unknown[]> {
  return messagesOf(await bus.poll([channel], 0, 0));
}
