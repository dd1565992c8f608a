import assert from "node:assert/strict";
import fc from "fast-check";
import { describe, it } from "vitest";
import { StreamKeys } from "../../../src/stores/nats/keys.ts";
import { type Change, cut, NOTHING, packChange, readChange } from "../../../src/stores/nats/trims/changes.ts";
import { Marks } from "../../../src/stores/nats/trims/marks.ts";
import { isEmpty, type Message, Messages, markGone } from "../../../src/stores/nats/trims/messages.ts";
import { Ranges } from "../../../src/stores/nats/trims/ranges.ts";
import { messagesOf, turns, until } from "../../../src/testing/conformance/bus/topic.ts";
import { ManualClock } from "../../../src/testing/fake/manual-clock.ts";
import { natsRuns } from "../engines.ts";
import { keepYoung, trimTogether } from "../together.ts";
import { asking, streams } from "./streams.ts";

describe("ranges of ids", () => {
  it("are the set of what was added", () => {
    const range = fc.tuple(fc.nat(40), fc.nat(6));
    fc.assert(
      fc.property(fc.array(range, { maxLength: 20 }), fc.nat(40), fc.nat(8), (added, from, size) => {
        const [ranges, naive] = [new Ranges(), new Set<number>()];
        for (const [start, length] of added) {
          ranges.add(start, start + length);
          for (let id = start; id <= start + length; id += 1) naive.add(id);
        }
        for (let id = 0; id < 50; id += 1) assert.equal(ranges.has(id), naive.has(id));
        const asked = Array.from({ length: size }, (_, index) => from + index);
        assert.equal(
          ranges.covers(from, from + size - 1),
          asked.every((id) => naive.has(id)),
        );
        for (const [index, [start]] of ranges.list.entries()) {
          if (index > 0) assert.ok(start > ranges.list[index - 1]![1] + 1, "they do not touch");
        }
      }),
    );
  });
});

describe("the messages of a log", () => {
  it("hold rows until each of them is trimmed, however often one is", () => {
    const messages = new Messages();
    const message: Message = { seq: 1, was: 4, first: 5, last: 7, gone: new Set() };
    messages.add(message);
    for (const ids of [[5], [5, 5], [4, 5, 7, 8], [7, 5]]) {
      for (const [held, trimmed] of messages.holding(ids)) markGone(held, trimmed);
      assert.equal(isEmpty(message), false, `${ids}`);
    }
    assert.deepEqual([...messages.holding([5, 6, 7])], [[message, new Set([6])]]);
    assert.equal(isEmpty(message, 1), true);
    assert.deepEqual(messages.delete([1, 2]), [1]);
    assert.deepEqual([...messages.holding([6])], []);
  });
});

describe("a change of what is gone", () => {
  const id = fc.nat(1_000_000);
  const gap = fc.record({ after: id, before: id }, { noNullPrototype: true });
  const parts = {
    watermarks: fc.uniqueArray(fc.tuple(fc.string(), id), { selector: ([key]) => key }),
    forgotten: fc.array(fc.string()),
    floor: id,
    keys: fc.array(
      fc.record({ name: fc.string(), hash: fc.string(), first: id, size: id, until: id }, { noNullPrototype: true }),
    ),
    gaps: fc.array(gap),
    gone: fc.array(fc.tuple(id, id)),
    deleted: fc.array(id),
    begin: id,
  };
  const change: fc.Arbitrary<Change> = fc.record(parts, { noNullPrototype: true });

  it("is the same when it was packed, also in parts that are small enough", () => {
    fc.assert(
      fc.property(change, (whole) => {
        assert.deepEqual(readChange(packChange(whole)), whole);
        const parts = cut(whole, 300);
        const joined = <T>(of: (part: Change) => readonly T[]): readonly T[] => parts.flatMap(of);
        assert.deepEqual(
          {
            watermarks: joined((part) => part.watermarks),
            forgotten: joined((part) => part.forgotten),
            floor: parts[0]!.floor,
            keys: joined((part) => part.keys),
            gaps: joined((part) => part.gaps),
            gone: joined((part) => part.gone),
            deleted: joined((part) => part.deleted),
            begin: parts[0]!.begin,
          },
          whole,
        );
        for (const part of parts) assert.ok(packChange(part).length <= 300);
      }),
    );
  });

  it("keeps 100,000 gaps at most: older ones are folded into the beginning, also in a snapshot", () => {
    const marks = new Marks(new StreamKeys(() => {}));
    const gaps = Array.from({ length: 100_001 }, (_, index) => ({ after: index * 10 + 1, before: index * 10 + 5 }));
    marks.apply({ ...NOTHING, gaps: gaps.slice(0, 100_000) }, 0);
    assert.deepEqual([marks.gaps.length, marks.begin], [100_000, 0]);
    marks.apply({ ...NOTHING, gaps: gaps.slice(100_000) }, 0);
    assert.ok(marks.gaps.length <= 90_001);
    assert.equal(marks.begin, gaps[10_001]!.before);
    const again = new Marks(new StreamKeys(() => {}));
    again.apply(readChange(packChange(marks.snapshot()))!, 0);
    again.apply({ ...NOTHING, gaps: gaps.slice(0, 10) }, 0);
    assert.deepEqual([again.begin, again.gaps], [marks.begin, marks.gaps]);
  });

  it("is none where something else was published", () => {
    for (const text of ["", "\n", "[]\n", "what is this?\n", "[1,2,3,4,5]\n"]) {
      const read = readChange(Buffer.from(text));
      assert.equal(read, undefined, text);
    }
  });
});

natsRuns(describe)("what is trimmed from a stream", () => {
  const { stream } = streams();
  const long = "x".repeat(500);
  const COUNT = 2_500;

  /** Two rows on each of many channels with long names, of which one is kept. */
  const entries = Array.from({ length: COUNT * 2 }, (_, index) => [`${index % COUNT} ${long}`, index] as const);

  it("is written down anew from time to time, and survives when that is interrupted", async () => {
    const { bus: open, client, manager, name } = stream();
    const asked = asking(await client());
    const retention = { count: 1 };
    const bus = open({ retention }, asked.connection);
    bus.on("error", () => {});
    const start = await bus.sendone("begin", 0);
    const snapshots = new Set<string>();
    asked.loses = (subject, header) => {
      const [, , index, count] = header.split(" ");
      if (!subject.startsWith(`${name}.marks.`) || count === undefined) return false;
      snapshots.add(header);
      return count === "1" || index !== "0"; // nothing comes through but the first part of several
    };
    for (let from = 0; from < entries.length; from += 1_000) await bus.sendmany(entries.slice(from, from + 1_000));
    await bus.close();
    const { streams: all } = await manager();
    const { state } = await all.info(name);
    assert.ok(
      [...snapshots].some((header) => header.split(" ")[2] === "1"),
      "it was interrupted",
    );
    const later = open({ retention });
    await later.ready();
    assert.equal((await later.poll([entries[0]![0]], start, 0)).missed, true);
    const one = await later.poll([entries[COUNT - 1]![0]], start, 0);
    assert.deepEqual([messagesOf(one), one.missed], [[COUNT * 2 - 1], true]);
    assert.equal((await later.poll(["begin"], start, 0)).missed, false);
    for (let from = 0; from < entries.length; from += 1_000) await later.sendmany(entries.slice(from, from + 1_000));
    await later.close();
    // The client's types do not know the number together with the subject, which the server takes.
    const request = { next_by_subj: `${name}.marks.*`, seq: 1 } as { seq: number };
    const oldest = await all.getMessage(name, request);
    assert.ok(oldest!.seq > state.last_seq, "nothing is kept of before");
    const last = open({ retention });
    for (const at of [0, 1, COUNT - 1]) {
      const batch = await last.poll([entries[at]![0]], start, 0);
      assert.deepEqual([messagesOf(batch), batch.missed], [[at + COUNT], true]);
    }
  });

  it("is nothing young, though one process's clock is a day ahead for a while", async () => {
    const { bus, settle } = stream();
    await settle();
    await keepYoung(bus);
  });

  it("is the same for processes that trim at the same time", async () => {
    await trimTogether(stream().bus);
  });

  const isDeletion = (subject: string): boolean => /^\$JS\.API\.STREAM\.(MSG\.DELETE|PURGE)\./.test(subject);

  it("is deleted by others when the process that said so did not live to do it", async () => {
    const { bus: open, client, held, settle } = stream();
    await settle();
    const [trimmed, living] = [new ManualClock(), new ManualClock()];
    const asked = asking(await client());
    const retention = { count: 1 };
    const [first, second] = [open({ retention, clock: trimmed }, asked.connection), open({ retention, clock: living })];
    first.on("error", () => {});
    await Promise.all([first.ready(), second.ready()]);
    for (const channel of ["rare", "a", "b"]) {
      for (let step = 0; step < (channel === "rare" ? 1 : 20); step += 1) await first.sendone(channel, step);
    }
    await until(() => second.last === first.last, "the other has seen it");
    let lost = 0;
    asked.loses = (subject) => isDeletion(subject) && lost++ >= 0;
    trimmed.advance(500);
    await until(() => lost > 0, "it says what it will delete");
    asked.loses = () => true;
    assert.deepEqual(await held(), { log: 41, marks: 1 });
    for (let step = 0; step < 2; step += 1) {
      await second.sendone("b", step);
      living.advance(5_500);
      while ((await held()).marks < 2 + step) await turns(1);
    }
    while ((await held()).log > 3) await turns(1); // nothing is left but what is retained
    asked.loses = () => false;
  });

  it.each([
    ["the answer is lost when it is said", "answer", (subject: string) => subject.includes(".marks.")],
    ["it cannot be deleted at the first try", true, isDeletion],
  ] as const)("is deleted at the latest when the bus is closed, also when %s", async (_, loss, isLost) => {
    const { bus: open, client, held } = stream();
    const asked = asking(await client());
    const bus = open({ retention: { count: 1 } }, asked.connection);
    bus.on("error", () => {});
    let losses = 0;
    asked.loses = (subject) => isLost(subject) && losses++ === 0 && loss;
    for (const channel of ["rare", "a"]) {
      for (let step = 0; step < (channel === "rare" ? 1 : 20); step += 1) await bus.sendone(channel, step);
    }
    await bus.close();
    assert.ok(losses > 0);
    assert.equal((await held()).log, 2);
  });
});
