import assert from "node:assert/strict";
import fc from "fast-check";
import { describe, it } from "vitest";
import { type Change, cut, packChange, readChange } from "../../../src/stores/nats/changes.ts";
import { Ranges } from "../../../src/stores/nats/ranges.ts";
import { messagesOf } from "../../../src/testing/conformance/topic.ts";
import { natsRuns } from "../engines.ts";
import { trimTogether } from "../together.ts";
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

describe("a change of what is gone", () => {
  const id = fc.nat(1_000_000);
  const hole = fc.record({ after: id, before: id }, { noNullPrototype: true });
  const parts = {
    watermarks: fc.uniqueArray(fc.tuple(fc.string(), id), { selector: ([key]) => key }),
    forgotten: fc.array(fc.string()),
    floor: id,
    holes: fc.array(hole),
    gone: fc.array(fc.tuple(id, id)),
    deleted: fc.array(id),
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
            holes: joined((part) => part.holes),
            gone: joined((part) => part.gone),
            deleted: joined((part) => part.deleted),
          },
          whole,
        );
        for (const part of parts) assert.ok(packChange(part).length <= 300);
      }),
    );
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
      if (!subject.startsWith(`${name}.marks.`) || header === "1") return false;
      snapshots.add(header);
      const [, , index, count] = header.split(" ");
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

  it("is the same for processes that trim at the same time", async () => {
    await trimTogether(stream().bus);
  });
});
