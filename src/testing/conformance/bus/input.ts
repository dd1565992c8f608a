import assert from "node:assert/strict";
import type { BusErrorCode } from "../../../errors.ts";
import type { BusOptions } from "../../../options.ts";
import { failsWith, type Topic } from "./topic.ts";

type Bad = readonly [given: unknown, says: string];

const NO_CALLBACK: readonly Bad[] = [
  [null, "null"],
  [1, "1"],
  ["f", '"f"'],
];

const NO_COUNT: readonly Bad[] = [
  [0, "0"],
  [-1, "-1"],
  [1.5, "1.5"],
  [Number.NaN, "NaN"],
  ["3", '"3"'],
  [null, "null"],
];

const NO_MS: readonly Bad[] = [
  [-1, "-1"],
  [Number.NaN, "NaN"],
  ["50", '"50"'],
  [null, "null"],
  [5n, "5n"],
];

/** Bad input is a BusError that says what was given and what to do. Callers without types may pass anything. */
export function input({ it, over }: Topic): void {
  it(
    "refuses a last that is no safe integer from 0 up",
    over({}, async ({ bus }) => {
      const bad: readonly Bad[] = [...NO_COUNT.slice(1), ["12a", '"12a"'], [2 ** 53, "9007199254740992"], [{}, "{}"]];
      for (const [last, says] of bad) {
        const rule = "last must be an integer from 0 up";
        await failsWith("bad_last", () => bus.poll(["a"], last as number, 0), rule, `got ${says}`);
        await failsWith("bad_last", () => bus.subscribe(["a"], { last: last as number }), rule, `got ${says}`);
      }
    }),
  );

  it(
    "refuses a timeout that is no number of ms from 0 up",
    over({}, async ({ bus }) => {
      for (const [timeout, says] of NO_MS) {
        const rule = "timeout must be a number of ms from 0 up";
        await failsWith("bad_timeout", () => bus.poll(["a"], 0, timeout as number), rule, `got ${says}`);
      }
    }),
  );

  it(
    "refuses a limit or a count that is no integer from 1 up",
    over({}, async ({ bus }) => {
      for (const [limit, says] of NO_COUNT) {
        const options = { limit: limit as number };
        await failsWith("bad_limit", () => bus.poll(["a"], 0, 0, options), "limit must be", `got ${says}`);
        await failsWith("bad_limit", () => bus.recent(["a"], limit as number), "count must be", `got ${says}`);
      }
    }),
  );

  it(
    "refuses a list of channels that is empty or none, or a channel where the list should be",
    over({}, async ({ bus }) => {
      const bad: readonly Bad[] = [
        [[], "an empty list"],
        ["a", '"a"'],
        [undefined, "undefined"],
        [{}, "{}"],
      ];
      for (const [given, says] of bad) {
        const channels = given as string[];
        for (const call of [
          () => bus.poll(channels, 0, 0),
          () => bus.recent(channels, 1),
          () => bus.subscribe(channels),
        ]) {
          await failsWith("bad_channel", call, "channels must be a list of at least one channel", says);
        }
      }
      const holed: string[] = ["a", "b", "c"];
      delete holed[1];
      await failsWith("bad_channel", () => bus.poll(holed, 0, 0), "undefined");
    }),
  );

  it(
    "refuses entries that are no list of pairs",
    over({}, async ({ bus }) => {
      const last = bus.last;
      const holed: unknown[] = [["a", 1], null, ["a", 2]];
      delete holed[1];
      const bad: readonly unknown[] = [undefined, null, "a", {}, [null], ["ab"], [["a"]], [["a", 1, 2]], [{}], holed];
      for (const entries of bad) {
        const good = bus.sendone("a", 1);
        await failsWith("bad_message", () => bus.sendmany(entries as [string, unknown][]), "[channel, message]", "got");
        await good;
      }
      assert.equal((await bus.poll(["a"], last, 0)).length, bad.length);
    }),
  );

  it(
    "refuses options that it does not know, since a misspelt one would do nothing",
    over({}, async ({ bus }) => {
      const misspelt = (name: string) => ({ [name]: 1 }) as object;
      const says = ['no option "last"', "signal, limit, lookback"];
      await failsWith("bad_option", () => bus.poll(["a"], 0, 0, misspelt("last")), ...says);
      await failsWith("bad_option", () => bus.subscribe(["a"], misspelt("limit")), 'no option "limit"', "onMissed");
      await failsWith("bad_option", () => bus.poll(["a"], 0, 0, null as unknown as object), "null");
      await failsWith("bad_option", () => bus.subscribe(["a"], "a" as unknown as object), '"a"');
    }),
  );

  it(
    "refuses options of a wrong kind",
    over({}, async ({ bus }) => {
      for (const [ms, says] of NO_MS) {
        const options = { lookback: ms as number };
        await failsWith("bad_option", () => bus.poll(["a"], 0, 0, options), "lookback", `got ${says}`);
      }
      for (const signal of [null, {}, new AbortController()] as unknown as AbortSignal[]) {
        await failsWith("bad_option", () => bus.poll(["a"], 0, 0, { signal }), "signal must be an AbortSignal");
        await failsWith("bad_option", () => bus.subscribe(["a"], { signal }), "signal must be an AbortSignal");
      }
      for (const [onMissed, says] of NO_CALLBACK) {
        const options = { onMissed: onMissed as () => void };
        await failsWith("bad_option", () => bus.subscribe(["a"], options), "onMissed", `got ${says}`);
      }
      assert.equal(bus.waiting, 0);
    }),
  );

  it(
    "refuses a bus's bad options when it is made",
    over({}, async ({ open }) => {
      const refused = (options: object, ...says: readonly string[]): Promise<unknown> =>
        failsWith("bad_option" satisfies BusErrorCode, () => open(options as BusOptions), ...says);
      await refused({ retain: 1 }, 'no option "retain"', "retention");
      for (const [count, says] of NO_COUNT) {
        await refused({ limit: count }, "limit", `got ${says}`);
        await refused({ maxMessage: count }, "maxMessage", `got ${says}`);
        await refused({ maxSend: count }, "maxSend", `got ${says}`);
      }
      for (const [bound, says] of NO_MS) {
        for (const name of ["age", "count", "total", "bytes"]) {
          await refused({ retention: { [name]: bound } }, `retention.${name}`, `got ${says}`);
        }
      }
      for (const [of, says] of NO_CALLBACK) await refused({ retention: { of } }, "retention.of", `got ${says}`);
      await refused({ retention: { days: 3 } }, 'no option "days"', "age, count, total, bytes, of");
      await refused({ retention: null }, "retention", "null");
      await refused({ clock: {} }, "clock", "got {}");
    }),
  );
}
