import assert from "node:assert/strict";
import { describe, it } from "vitest";
import { Outage } from "../../../src/stores/shared/outage.ts";
import { PollLoop } from "../../../src/stores/shared/poll-loop.ts";
import { turns } from "../../../src/testing/conformance/bus/topic.ts";
import { ManualClock } from "../../../src/testing/fake/manual-clock.ts";

function loop(work: () => Promise<void> | undefined): { clock: ManualClock; polls: PollLoop; reported: string[] } {
  const clock = new ManualClock();
  const reported: string[] = [];
  const outage = new Outage(
    ({ message }) => reported.push(message),
    (error) => error as Error,
  );
  return { clock, reported, polls: new PollLoop({ clock, outage, pause: () => 100, work }) };
}

/** Moves the clock on, and lets everything happen that needs no more time. */
async function pass(clock: ManualClock, ms: number): Promise<void> {
  for (const _ of clock.steps(ms)) await turns(1);
  await turns(1);
}

describe("an outage of several parts", () => {
  it("is told once, also while one of them goes on failing, and a later one is told again", () => {
    const reported: string[] = [];
    const outage = new Outage(
      ({ message }) => reported.push(message),
      (error) => error as Error,
    );
    const fail = (message: string, part?: string): void => outage.begin(new Error(message), part);
    fail("deaf", "listening");
    outage.end();
    fail("deaf again", "listening");
    assert.deepEqual(reported, ["deaf"]);
    fail("down");
    fail("down again");
    assert.deepEqual(reported, ["deaf", "down"]);
    outage.end();
    fail("deaf once more", "listening");
    outage.end("listening");
    fail("down once more");
    fail("deaf at last", "listening");
    assert.deepEqual(reported, ["deaf", "down", "down once more"]);
  });
});

describe("a poll loop", () => {
  it("looks after each pause, and never again once it has stopped", async () => {
    let looks = 0;
    const { clock, polls } = loop(async () => {
      looks += 1;
    });
    polls.start();
    await pass(clock, 99);
    assert.equal(looks, 0);
    await pass(clock, 201);
    assert.equal(looks, 3);
    polls.stop();
    await pass(clock, 1_000);
    assert.equal(looks, 3);
  });

  it("reports a failure once, and the next one after a look that succeeds", async () => {
    const fails = [true, true, false, true];
    let looks = 0;
    const { polls, reported } = loop(async () => {
      looks += 1;
      if (fails[looks - 1]) throw new Error(`look ${looks}`);
    });
    for (const _ of fails) await polls.look();
    assert.deepEqual(reported, ["look 1", "look 4"]);
  });

  it("reports nothing of a look that fails after the end", async () => {
    const { polls, reported } = loop(() => Promise.reject(new Error("too late")));
    const looking = polls.look();
    polls.stop();
    await looking;
    assert.deepEqual(reported, []);
  });

  it("runs synchronous work before it returns", () => {
    let hasLooked = false;
    const { polls } = loop(() => {
      hasLooked = true;
      return undefined;
    });
    void polls.look();
    assert.equal(hasLooked, true);
  });
});
