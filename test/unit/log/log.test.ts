import assert from "node:assert/strict";
import { describe, it } from "vitest";
import type { LogChannel } from "../../../src/log/channel.ts";
import { Log } from "../../../src/log/log.ts";
import { PendingTrims } from "../../../src/log/pending-trims.ts";
import type { Query } from "../../../src/log/query.ts";
import { checkRetention, type Retention } from "../../../src/log/retention.ts";
import type { LogState } from "../../../src/store.ts";
import { ManualClock } from "../../../src/testing/fake/manual-clock.ts";
import { MOST_GAPS } from "../../../src/util/ids.ts";
import { rowOf } from "./chains.ts";

const { POSITIVE_INFINITY } = Number;
const MANY = 1_000_000;

describe("a log", () => {
  it("leaves nothing but its watermark of a channel that has become empty, a million times over", {
    timeout: 60_000,
  }, () => {
    const { log, add, pendingTrims } = make({ total: 1 });
    let forgotten = 0;
    for (let id = 1; id <= MANY; id += 1) {
      add(id, `c${id}`);
      if (id % 1_000 === 0) forgotten += pendingTrims.take()?.forgotten.length ?? 0;
    }
    assert.equal(log.rows, 1);
    const kept = MANY - forgotten;
    assert.ok(kept >= 100_000 && kept <= 106_000, `${kept} watermarks`);
    assert.ok(log.channel("fresh").number <= 3, "numbers of gone channels are used again");
    assert.equal(missed(log, `c${MANY - 2}`, MANY - 3), true);
    assert.equal(missed(log, `c${MANY - 2}`, MANY - 2), false);
  });

  it("keeps nothing of a million channels that were only watched", () => {
    const { log, pendingTrims } = make({});
    for (let index = 0; index < MANY; index += 1) {
      const channel = log.channel(`c${index}`);
      channel.watch = {};
      log.release(channel);
      channel.watch = undefined;
      log.release(channel);
    }
    assert.equal(log.channel("fresh").number, 1);
    assert.equal(pendingTrims.take(), undefined);
  });

  it("keeps the exact watermark of a channel that is watched or has rows, whatever is folded away", () => {
    const { log, add } = make({ count: 1, total: 3 });
    add(1, "watched");
    add(2, "watched");
    log.channel("watched").watch = {};
    add(3, "x");
    const { floor } = fold(log, add, 4);
    assert.ok(floor > 100_000);
    const watermark = log.channel("watched").watermark;
    assert.deepEqual([missed(log, "watched", watermark - 1), missed(log, "watched", watermark)], [true, false]);
  });

  it("says missed of folded channels, of unknown ones below the floor, and of no others", () => {
    const { log, add } = make({ count: 1, total: 3 });
    log.channel("watched from the start").watch = {};
    add(1, "gone");
    add(2, "x");
    add(3, "x");
    const { newest, floor } = fold(log, add, 4);
    assert.ok(floor > 1 && floor < newest);
    const asked = (key: string): readonly boolean[] => [1, floor - 1, floor].map((last) => missed(log, key, last));
    assert.deepEqual(asked("gone"), [true, true, false]);
    assert.deepEqual(asked("never used"), [true, true, false]);
    assert.deepEqual(asked("watched from the start"), [false, false, false]);
    assert.equal(log.read(ask("gone", 0)), undefined);
  });

  it("tells its store each trimmed row once, before and after a channel was forgotten and made anew", () => {
    const { log, add, pendingTrims, clock } = make({ age: 10 });
    add(1, "a", clock.now());
    clock.advance(11);
    log.read(ask("a", 0));
    add(2, "a", clock.now());
    clock.advance(11);
    log.sweep();
    assert.deepEqual(pendingTrims.take(), { ids: [1, 2], keys: ["a", "a"], forgotten: [], floor: 0 });
  });

  it("sweeps what has grown too old on any channel, each by its own age", () => {
    const { log, add, clock } = make({ age: 100, of: (channel) => (channel === "short" ? { age: 10 } : undefined) });
    log.time();
    for (const [index, key] of ['"short"', '"long"', '"short"'].entries()) add(index + 1, key, clock.now());
    assert.equal(log.shortestAge, 10);
    clock.advance(11);
    log.sweep();
    assert.equal(log.rows, 1);
    clock.advance(90);
    log.sweep();
    assert.equal(log.rows, 0);
  });

  it("notes what others trimmed unseen: of a watched channel, of one with rows, of one it does not know", () => {
    const { log, add } = make({});
    add(1, "rows");
    const watched = log.channel("watched");
    watched.watch = {};
    const touched = new Set<LogChannel<object>>();
    const watermarks = [
      ["rows", 3],
      ["watched", 4],
      ["unknown", 5],
    ] as const;
    log.noteTrims({ last: 6, watermarks, floor: 0 }, touched);
    assert.deepEqual([...touched].map(({ key }) => key).sort(), ["rows", "watched"]);
    assert.equal(log.newest, 6);
    for (const [key, id] of watermarks) {
      assert.deepEqual([missed(log, key, id - 1), missed(log, key, id)], [true, false], key);
    }
    log.noteTrims(
      {
        last: 6,
        watermarks: [
          ["unknown", 2],
          ["watched", 2],
        ],
        floor: 0,
      },
      touched,
    );
    assert.deepEqual([missed(log, "unknown", 4), missed(log, "watched", 3)], [true, true], "and none moves back");
  });

  it("doubts every channel of which nothing is told when others forgot watermarks of what it never saw", () => {
    const { log, add } = make({ total: 1 });
    add(1, "empty");
    add(2, "rows");
    for (const key of ["watched", "told"]) log.channel(key).watch = {};
    const touched = new Set<LogChannel<object>>();
    log.noteTrims({ last: 9, watermarks: [["told", 4]], floor: 7 }, touched);
    assert.deepEqual([...touched].map(({ key }) => key).sort(), ["rows", "told", "watched"]);
    for (const key of ["rows", "watched", "empty", "never seen"]) {
      assert.deepEqual([missed(log, key, 6), missed(log, key, 7)], [true, false], key);
    }
    assert.deepEqual([missed(log, "told", 3), missed(log, "told", 4)], [true, false]);
  });

  it("doubts nothing of what it saw itself when others forgot its watermark", () => {
    const { log, add } = make({});
    add(1, "rows");
    add(5, "rows");
    log.channel("watched").watch = {};
    log.noteTrims({ last: 9, watermarks: [], floor: 5 }, new Set());
    assert.deepEqual(
      [missed(log, "rows", 1), missed(log, "watched", 1), missed(log, "unknown", 1)],
      [false, false, true],
    );
  });

  it("begins before all of its rows, also once a fold of gaps has moved its beginning behind some", () => {
    const { log, add } = make({ count: 2 });
    for (const id of [2, 3, 4]) add(id, "a");
    const { last, known } = log.beginning(["a"]);
    assert.deepEqual([last, [...known]], [1, [["a", 2]]]);
    const answer = log.read({ ...ask("a", last), known });
    assert.deepEqual([answer?.rows.map(({ id }) => id), answer?.missed], [[3, 4], false]);
    for (let epoch = 1; epoch <= MOST_GAPS + 1; epoch += 1)
      log.beginEpoch({ after: epoch * 10, before: epoch * 10 + 5 });
    assert.equal(log.beginning(["a"]).last, 0);
  });

  it("takes up the watermarks and the floor of its store", () => {
    const { log } = make(
      {},
      {
        begin: 1,
        last: 50,
        gaps: [],
        watermarks: [
          ["a", 30],
          ["old", 5],
        ],
        floor: 10,
      },
    );
    assert.deepEqual([missed(log, "a", 29), missed(log, "a", 30)], [true, false]);
    assert.deepEqual([missed(log, "unknown", 9), missed(log, "unknown", 10)], [true, false]);
  });
});

interface Made {
  readonly log: Log<object>;
  readonly pendingTrims: PendingTrims;
  readonly clock: ManualClock;
  /** Commits a row in a send of its own, and evicts. */
  add(id: number, key: string, at?: number): void;
}

const NEW: LogState = { begin: 1, last: 1, gaps: [], watermarks: [], floor: 0 };

function make(retention: Retention, state: LogState = NEW): Made {
  const [clock, pendingTrims] = [new ManualClock(), new PendingTrims(true)];
  const age = retention.age ?? POSITIVE_INFINITY;
  const error = (thrown: Error): never => assert.fail(thrown);
  const log = new Log<object>({
    read: () => clock.now(),
    monotonic: () => clock.monotonic(),
    retention: checkRetention({ ...retention, age }),
    pendingTrims,
    error,
  });
  log.reset(state, new Set());
  const touched = new Set<LogChannel<object>>();
  return {
    log,
    pendingTrims,
    clock,
    add(id, key, at = id) {
      log.append([{ ...rowOf(id, { key }), at }], touched);
      log.decide(touched);
      log.evict(touched);
      touched.clear();
    },
  };
}

/** Lets so many channels come and go that the oldest watermarks are folded. */
function fold(log: Log<object>, add: Made["add"], from: number): { readonly newest: number; readonly floor: number } {
  const newest = from + 210_000;
  for (let id = from; id <= newest; id += 1) add(id, `c${id}`);
  let floor = from;
  while (missed(log, "never seen", floor)) floor += 1;
  return { newest, floor };
}

function missed(log: Log<object>, key: string, last: number): boolean {
  return log.read(ask(key, last))?.missed === true;
}

function ask(key: string, last: number): Query {
  return { keys: [key], last, limit: POSITIVE_INFINITY, lookback: POSITIVE_INFINITY };
}
