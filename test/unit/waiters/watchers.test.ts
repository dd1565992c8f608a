import assert from "node:assert/strict";
import { describe, it } from "vitest";
import type { Answering } from "../../../src/waiters/answers.ts";
import { type Watchable, Watchers } from "../../../src/waiters/watchers.ts";

interface Channel extends Watchable {
  readonly name: string;
}

type Heard = { readonly channels: string };

describe("watchers", () => {
  it("hands those who watch the same channels the same answer, of the touched ones only", () => {
    const { watchers, channels, heard, watch } = make();
    const [a, b, c] = channels;
    for (const [name, watched] of [
      ["one", [a, b]],
      ["other", [b, a]],
      ["third", [c]],
    ] as const)
      watch(name, watched);
    watchers.wake(new Set([a, b]));
    assert.deepEqual([...heard.keys()], ["one", "other"]);
    assert.equal(heard.get("one"), heard.get("other"));
    assert.deepEqual(heard.get("one"), { channels: "ab" });
  });

  it("hands each watcher one answer a tick, however many of its channels were touched, and again in the next", () => {
    const { watchers, channels, watch, calls } = make();
    const [a, b] = channels;
    watch("one", [a, b]);
    watchers.wake(new Set([a, b]));
    watchers.wake(new Set([b]));
    assert.deepEqual(calls, ["one", "one"]);
  });

  it("tells nobody who has stopped, also in the middle of a wake-up, and lets go of the channels", () => {
    const { watchers, channels, watch, calls, left } = make();
    const [a, b] = channels;
    const stops: (() => void)[] = [];
    watch("one", [a], () => stops[1]?.());
    stops.push(watch("two", [b]), watch("three", [a, b]));
    watchers.wake(new Set([a]));
    assert.deepEqual(calls, ["one"]);
    assert.deepEqual([a.watchers, b.watchers, left], [1, 1, []]);
    for (const stop of [...stops, ...stops]) stop();
    assert.deepEqual([b.watchers, left], [0, ["b"]]);
  });

  it("passes over those whom a touch does not concern", () => {
    const { watchers, channels, watch, calls } = make(() => undefined);
    watch("one", [channels[0]]);
    watchers.wake(new Set([channels[0]]));
    assert.deepEqual(calls, []);
  });
});

function make(answer: (channels: readonly Channel[]) => Heard | undefined = namesOf) {
  const left: string[] = [];
  const answering: Answering<Channel, Heard> = {
    before: 0,
    answer,
    nothing: () => ({ channels: "" }),
    left: ({ name }) => left.push(name),
    endTick: () => {},
    inTurn: () => assert.fail("few watchers are told at once"),
  };
  const watchers = new Watchers<Channel, Heard>(answering, (thrown) => assert.fail(thrown as Error));
  const channels = ["a", "b", "c"].map((name, index) => ({ name, number: index + 1, watchers: 0 })) as unknown as [
    Channel,
    Channel,
    Channel,
  ];
  const heard = new Map<string, Heard>();
  const calls: string[] = [];
  const watch = (name: string, watched: readonly Channel[], also = () => {}) => {
    const hear = (told: Heard): void => {
      heard.set(name, told);
      calls.push(name);
      also();
    };
    const watching = watchers.add(watched, { hear });
    return () => watchers.remove(watching);
  };
  return { watchers, channels, heard, calls, left, watch };
}

function namesOf(channels: readonly Channel[]): Heard {
  return {
    channels: channels
      .map(({ name }) => name)
      .sort()
      .join(""),
  };
}
