import assert from "node:assert/strict";
import { Bus } from "nightbus";
import { describe, it } from "vitest";
import { turns } from "../../../src/testing/conformance/bus/topic.ts";
import { ManualClock } from "../../../src/testing/fake/manual-clock.ts";
import type { Watched } from "../../../src/waiters/waiter.ts";
import { Waiters } from "../../../src/waiters/waiters.ts";

const FOREVER = Number.POSITIVE_INFINITY;

describe("waking", () => {
  it("gives those who wait on the same channels one shared batch", async () => {
    await using bus = new Bus();
    await bus.ready();
    const last = bus.last;
    const polls = [
      bus.poll(["a"], last, FOREVER),
      bus.poll(["a"], last, 1_000),
      bus.poll(["a", "quiet"], last, FOREVER, { signal: new AbortController().signal }),
      bus.poll(["b", "a"], last, FOREVER),
      bus.poll(["a", "b"], last, FOREVER),
      bus.poll(["a"], last, FOREVER, { limit: 1 }),
    ];
    await bus.sendmany([
      ["a", 1],
      ["b", 2],
    ]);
    const [one, timed, more, both, bothToo, limited] = await Promise.all(polls);
    assert.ok(one === timed && one === more, "what the quiet channel got is nothing");
    assert.ok(both === bothToo && both !== one);
    assert.ok(limited !== one && limited?.length === 1);
    assert.deepEqual(
      [one, both].map((batch) => batch?.map(({ message }) => message)),
      [[1], [1, 2]],
    );
  });

  it("parses a message once for all who are woken, and for all who come later", async () => {
    await using bus = new Bus();
    await bus.ready();
    const polls = [bus.poll(["a"], bus.last, FOREVER), bus.poll(["a", "b"], bus.last, FOREVER, { limit: 1 })];
    await bus.sendone("a", { text: "once" });
    const [one, other] = (await Promise.all(polls)).map(([notification]) => notification);
    const [late] = await bus.poll(["a"]);
    assert.ok(one?.message === other?.message && one?.message === late?.message);
  });

  it("gives nobody a batch in which others could write, at its surface", async () => {
    await using bus = new Bus();
    await bus.sendone(["a", 1], 1);
    const batch = await bus.poll([["a", 1]]);
    assert.throws(() => {
      (batch[0]?.channel as unknown as unknown[])[1] = 2;
    }, TypeError);
    assert.throws(() => {
      (batch as { last: number }).last = 1;
    }, TypeError);
    assert.throws(() => (batch as unknown as unknown[]).shift(), TypeError);
    assert.throws(() => {
      (batch[0] as { id: number }).id = 1;
    }, TypeError);
  });

  it("gives a subscription each row, whatever a poll beside it does to the batch that they share", async () => {
    await using bus = new Bus();
    await bus.ready();
    const poll = bus.poll(["a"], bus.last, FOREVER);
    const news = bus.subscribe(["a"]);
    const first = news.next();
    await turns();
    await bus.sendmany([
      ["a", 1],
      ["a", 2],
    ]);
    const shared = (await poll) as unknown as unknown[];
    assert.throws(() => shared.splice(0), TypeError);
    assert.deepEqual([(await first).value?.message, (await news.next()).value?.message], [1, 2]);
  });

  it("adds one listener to a signal that many polls share", async () => {
    await using bus = new Bus();
    await bus.ready();
    const end = new AbortController();
    let listeners = 0;
    const add = end.signal.addEventListener.bind(end.signal);
    end.signal.addEventListener = ((type: "abort", listener: () => void) => {
      listeners += 1;
      add(type, listener);
    }) as typeof end.signal.addEventListener;
    const polls = Array.from({ length: 500 }, () => bus.poll(["a"], bus.last, FOREVER, { signal: end.signal }));
    await turns();
    assert.deepEqual([bus.waiting, listeners], [500, 1]);
    end.abort("over");
    const results = await Promise.allSettled(polls);
    assert.ok(results.every((result) => result.status === "rejected" && result.reason === "over"));
  });

  it("takes no longer to leave a channel that many others wait on", async () => {
    await using bus = new Bus();
    await bus.ready();
    const few = await leaving(bus, 2_000);
    const many = await leaving(bus, 16_000);
    // Eight times as many leave; if leaving took a search, it would take sixty-four times the time.
    assert.ok(many < few * 24, `${few} ms for 2,000, ${many} ms for 16,000`);
  });
});

describe("a waiter that has gone", () => {
  it("stands in no line any longer, and its empty channels are told, however it went", async () => {
    const { clock, waiters, channels, left } = make();
    const [hot, quiet] = channels;
    const end = new AbortController();
    const ways = [
      () => waiters.wake(new Set([hot])),
      () => waiters.wake(new Set([quiet, hot])),
      () => end.abort(),
      () => clock.advance(1_010),
      () => waiters.close(),
    ];
    for (const go of ways) {
      const wait = {
        channels,
        limit: 1,
        size: 1,
        exact: true,
        deadline: clock.monotonic() + 1_000,
        signal: end.signal,
      };
      const parked = [1, 2, 3].map(() => waiters.park({ ...wait, form: (answer) => answer }).catch(() => "aborted"));
      assert.equal(hot.watch?.length, 3);
      left.length = 0;
      go();
      await Promise.all(parked);
      assert.deepEqual([waiters.size, hot.watch, quiet.watch], [0, undefined, undefined]);
      assert.deepEqual(new Set(left), new Set(channels));
    }
  });

  it("leaves the others standing, and each can still be woken", async () => {
    const { waiters, channels } = make();
    const [hot, quiet] = channels;
    const ends = [0, 1, 2, 3].map(() => new AbortController());
    const wait = { channels, limit: 1, size: 1, exact: true, deadline: Number.POSITIVE_INFINITY };
    const parked = ends.map(({ signal }) => waiters.park({ ...wait, signal, form: (answer) => answer }));
    ends[0]!.abort("first");
    ends[2]!.abort("third");
    await assert.rejects(parked[0]!, (reason) => reason === "first");
    await assert.rejects(parked[2]!, (reason) => reason === "third");
    assert.deepEqual([hot.watch?.length, quiet.watch?.length, waiters.size], [2, 2, 2]);
    waiters.wake(new Set([quiet]));
    assert.deepEqual([await parked[1], await parked[3]], ["answered", "answered"]);
  });

  it("stays when what touched its channel does not concern it", async () => {
    const { waiters, channels, left } = make();
    const [hot, quiet] = channels;
    const wait = { channels, limit: 1, size: 1, exact: false, deadline: Number.POSITIVE_INFINITY, signal: undefined };
    const parked = waiters.park({ ...wait, form: (answer) => answer });
    waiters.wake(new Set([hot]));
    assert.deepEqual([waiters.size, hot.watch?.length, quiet.watch?.length, left], [1, 1, 1, []]);
    waiters.close();
    assert.equal(await parked, "nothing");
  });
});

type Channel = Watched & { readonly name: string };

/** Waiters of whom only those who read exactly are concerned. */
function make() {
  const clock = new ManualClock();
  const left: Channel[] = [];
  const waiters = new Waiters<Channel, string>(clock, {
    before: 0,
    answer: (_, __, { exact }) => (exact ? "answered" : undefined),
    nothing: () => "nothing",
    left: (channel) => void left.push(channel),
    endTick: () => {},
    inTurn: () => assert.fail("few waiters are answered at once"),
  });
  const channels: [Channel, Channel] = [
    { name: "hot", number: 1, watch: undefined, called: 0 },
    { name: "quiet", number: 2, watch: undefined, called: 0 },
  ];
  return { clock, waiters, channels, left };
}

async function leaving(bus: Bus, count: number): Promise<number> {
  let best = Number.POSITIVE_INFINITY;
  for (let round = 0; round < 3; round += 1) {
    const polls = Array.from({ length: count }, (_, index) => bus.poll(["all", ["one", index]], bus.last, FOREVER));
    await bus.sendone("warm", 1);
    const start = performance.now();
    await bus.sendmany(polls.map((_, index) => [["one", index], 1] as const));
    await Promise.all(polls);
    best = Math.min(best, performance.now() - start);
  }
  return best;
}
