import assert from "node:assert/strict";
import { it } from "vitest";
import { turns } from "../../src/testing/conformance/bus/topic.ts";
import { ManualClock } from "../../src/testing/fake/manual-clock.ts";
import { inTime } from "../../src/util/in-time.ts";
import { gate } from "../support/doubles.ts";

const late = (): Error => new Error("too late");

it("settles as the work does, and leaves no timer behind", async () => {
  const clock = new ManualClock();
  let timers = 0;
  const { setTimeout, clearTimeout } = clock;
  clock.setTimeout = (...given) => {
    timers += 1;
    return setTimeout.apply(clock, given);
  };
  clock.clearTimeout = (timer) => {
    timers -= 1;
    clearTimeout.call(clock, timer);
  };
  assert.equal(await inTime(clock, 10, Promise.resolve(7), late), 7);
  await assert.rejects(inTime(clock, 10, Promise.reject(new Error("no")), late), /no/);
  assert.equal(timers, 0);
});

it("rejects once the time is over, and drops what the work says later", async () => {
  const clock = new ManualClock();
  const work = gate();
  const waiting = inTime(clock, 10, work.promise, late);
  clock.advance(9);
  await turns();
  clock.advance(1);
  await assert.rejects(waiting, /too late/);
  work.reject(new Error("nobody hears"));
  await turns();
});
