import assert from "node:assert/strict";
import type { Channel } from "../../../notification.ts";
import { failsWith, type Topic } from "./topic.ts";

const DIFFERENT: readonly Channel[] = [
  "1",
  "a",
  "A",
  " a",
  "é",
  "e\u0301", // looks like the one before
  "\u0000",
  "\ud800", // half a pair
  "\udc00",
  '"',
  "null",
  "__proto__",
  "a,1",
  '["a",1]',
  '["a","1"]',
  ["a"],
  ["a", 1],
  ["a", "1"],
  ["a", 1, 1],
  ["a", "1,1"],
  ["a", -1],
  ["a", 1.5],
  ["a", ""],
  ["a", '"]'],
  ["a", "[]"],
  ["1"],
  ["__proto__", "constructor"],
];

/** A channel is a string, or a tuple that begins with a string. */
export function channels({ it, over }: Topic): void {
  it(
    "tells every channel from every other",
    over({}, async ({ bus }) => {
      await bus.sendmany(DIFFERENT.map((channel, index) => [channel, index] as const));
      for (const [index, channel] of DIFFERENT.entries()) {
        const batch = await bus.poll([channel], 0, 0);
        assert.deepEqual(
          batch.map((notification) => [notification.channel, notification.message]),
          [[channel, index]],
        );
      }
    }),
  );

  it(
    "keeps and trims a channel of 2,000 bytes, and refuses a longer one",
    over({ retention: { count: 1 } }, async ({ bus }) => {
      // No database can shorten this much.
      const letters = Array.from({ length: 1_992 }, (_, index) => String.fromCharCode(97 + ((index * index * 7) % 26)));
      const longest = letters.join("") + "\u00e9".repeat(3);
      for (const step of [1, 2, 3]) await bus.sendone(longest, step);
      assert.deepEqual(
        (await bus.poll([longest], 0, 0)).map(({ message }) => message),
        [3],
      );
      for (const long of [`${longest}x`, [longest, "x"], ["a", longest, longest]] as const) {
        await failsWith("bad_channel", () => bus.sendone(long as Channel, 1), "2000 bytes");
        await failsWith("bad_channel", () => bus.poll([long as Channel]), "2000 bytes");
      }
    }),
  );

  it(
    "wakes the readers of every channel with its own notification alone",
    over({}, async ({ bus }) => {
      const polls = DIFFERENT.map((channel) => bus.poll([channel], bus.last, Number.POSITIVE_INFINITY));
      await bus.sendmany(DIFFERENT.map((channel, index) => [channel, index] as const));
      const answers = await Promise.all(polls);
      assert.deepEqual(
        answers.map((batch) => batch.map(({ message }) => message)),
        DIFFERENT.map((_, index) => [index]),
      );
    }),
  );

  it(
    "answers a notification once, however often its channel is named",
    over({}, async ({ bus }) => {
      await bus.sendone(["a", 1], "x");
      assert.equal((await bus.poll([["a", 1], "b", ["a", 1]], 0, 0)).length, 1);
      const parked = bus.poll(["b", "b", "c"], bus.last, Number.POSITIVE_INFINITY);
      await bus.sendone("b", "y");
      assert.equal((await parked).length, 1);
      assert.equal(bus.waiting, 0);
    }),
  );

  it(
    "refuses what is no channel, to senders and to readers, and says what was given",
    over({}, async ({ bus }) => {
      const bad: readonly (readonly [unknown, string])[] = [
        ["", '""'],
        [1, "1"],
        [null, "null"],
        [undefined, "undefined"],
        [{ name: "a" }, '{"name":"a"}'],
        [[], "an empty list"],
        [[1, "a"], '[1,"a"]'],
        [["", 1], '["",1]'],
        [["a", null], '["a",null]'],
        [["a", Number.NaN], "["],
        [["a", Number.POSITIVE_INFINITY], "["],
        [["a", ["b"]], '["a",["b"]]'],
        [["a", true], '["a",true]'],
        [Symbol("a"), "Symbol(a)"],
        [10n, "10n"],
      ];
      for (const [given, says] of bad) {
        const channel = given as string; // values that a caller without types may pass
        await failsWith("bad_channel", () => bus.sendone(channel, 1), "a channel must be", says);
        await failsWith("bad_channel", () => bus.sendmany([[channel, 1]]), says);
        await failsWith("bad_channel", () => bus.poll([channel], 0, 0), says);
        await failsWith("bad_channel", () => bus.poll(["a", channel], 0, 0), says);
        await failsWith("bad_channel", () => bus.recent([channel], 1), says);
        await failsWith("bad_channel", () => bus.subscribe([channel]), says);
      }
    }),
  );

  it(
    "refuses a tuple with a gap in it",
    over({}, async ({ bus }) => {
      const channel = ["a", 1, 2] as const;
      const holed = [...channel] as unknown as [string, number, number];
      delete (holed as unknown[])[1];
      await failsWith("bad_channel", () => bus.sendone(holed, 1));
    }),
  );
}
