import fc from "fast-check";
import { Bus } from "nightbus";
import { expect, it, vi } from "vitest";
import { hubOf } from "../../../src/bus.ts";
import type { Following } from "../../../src/core/following.ts";
import type { Answer } from "../../../src/log/answer.ts";
import { turns } from "../../../src/testing/conformance/bus/topic.ts";
import { ManualClock } from "../../../src/testing/fake/manual-clock.ts";
import { StoreDouble } from "../../support/doubles.ts";

vi.mock("../../../src/waiters/slice.ts", () => ({ SLICE: 2 }));

const FOREVER = Number.POSITIVE_INFINITY;

type Step =
  | { readonly do: "follow" | "poll"; readonly on: readonly number[]; readonly limit: number }
  | { readonly do: "send"; readonly on: readonly number[] }
  | { readonly do: "stop" | "abort"; readonly which: number }
  | { readonly do: "age" | "wait"; readonly by: number }
  | { readonly do: "trim" };

const channels = fc.uniqueArray(fc.nat(2), { minLength: 1, maxLength: 3 });
const step: fc.Arbitrary<Step> = fc.oneof(
  {
    weight: 4,
    arbitrary: fc.record({
      do: fc.constantFrom("follow", "poll"),
      on: channels,
      limit: fc.constantFrom(1, 2, FOREVER),
    }),
  },
  {
    weight: 8,
    arbitrary: fc.record({ do: fc.constant("send"), on: fc.array(fc.nat(2), { minLength: 1, maxLength: 3 }) }),
  },
  { weight: 2, arbitrary: fc.record({ do: fc.constantFrom("stop", "abort"), which: fc.nat(50) }) },
  { weight: 3, arbitrary: fc.record({ do: fc.constantFrom("age", "wait"), by: fc.nat(3) }) },
  { weight: 1, arbitrary: fc.constant({ do: "trim" }) },
) as fc.Arbitrary<Step>; // each record is one of Step's

const retention = fc.record({
  count: fc.constantFrom(0, 1, 2, FOREVER),
  total: fc.constantFrom(1, 3, FOREVER),
  bytes: fc.constantFrom(10, FOREVER),
  age: fc.constantFrom(1_500, FOREVER),
});

interface Reader {
  readonly from: number;
  readonly on: readonly number[];
  readonly ids: number[];
  missed: number;
  last: number;
  isGone: boolean;
  /** The stretches of which the reader heard `missed` when it came, and not while it waited. */
  readonly away: { readonly after: number; readonly upTo: number }[];
  leave(): void;
}

interface Sent {
  readonly id: number;
  readonly channel: number;
}

it("readers who are present hear everything on their channels in order, once, and never missed", async () => {
  await fc.assert(
    fc.asyncProperty(retention, fc.array(step, { maxLength: 60 }), async (kept, steps) => {
      const clock = new ManualClock();
      const store = new StoreDouble();
      const errors: Error[] = [];
      const bus = new Bus({ clock, store, retention: kept });
      bus.on("error", (error) => errors.push(error));
      await bus.ready();
      const readers: Reader[] = [];
      const sent: Sent[] = [];
      const running: Promise<void>[] = [];
      for (const each of steps) {
        if (each.do === "follow") readers.push(follow(bus, each.on));
        else if (each.do === "poll") {
          const reader = begin(bus, each.on);
          readers.push(reader);
          running.push(poll(bus, reader, each.limit));
        } else if (each.do === "send") {
          const ids = store.commit(each.on.map((channel) => ({ key: JSON.stringify(`c${channel}`), json: "1" })));
          sent.push(...ids.map((id, at) => ({ id, channel: each.on[at]! })));
          if (each.on.length < 3) await Promise.resolve();
        } else if (each.do === "stop" || each.do === "abort") {
          const alive = readers.filter(({ isGone }) => !isGone);
          alive[each.which % Math.max(1, alive.length)]?.leave();
        } else if (each.do === "age") clock.advance(each.by * 1_000);
        else if (each.do === "wait") await turns(each.by);
        else {
          await Promise.resolve();
          store.sink.noteTrims({ last: bus.last, floor: 0, watermarks: [['"c0"', bus.last]] });
        }
        for (const reader of readers) expect([reader.ids, reader.missed]).toEqual([due(reader, sent), 0]);
      }
      await turns(readers.length + 10);
      for (const reader of readers.filter(({ isGone }) => !isGone)) {
        expect([reader.ids, reader.missed]).toEqual([due({ ...reader, last: bus.last }, sent), 0]);
      }
      await bus.close();
      await Promise.all(running);
      const following = readers.filter(({ isGone }) => !isGone);
      for (const reader of following) reader.leave();
      expect(errors).toEqual([]);
      await turns();
      const { waiters, rows, channels: held } = bus.stats();
      expect(waiters).toBe(0);
      expect(held).toBeLessThanOrEqual(rows);
    }),
    { numRuns: Number(process.env["RUNS"] ?? 300) },
  );
});

/** The ids that a reader should have, at its position. */
function due({ on, from, last, away, ids }: Reader, sent: readonly Sent[]): readonly number[] {
  const own = sent.filter(({ id, channel }) => id > from && id <= last && on.includes(channel)).map(({ id }) => id);
  return own.filter((id) => ids.includes(id) || !away.some(({ after, upTo }) => id > after && id <= upTo));
}

function begin(bus: Bus, on: readonly number[]): Reader {
  return { from: bus.last, on, ids: [], missed: 0, last: bus.last, isGone: false, away: [], leave: () => {} };
}

function follow(bus: Bus, on: readonly number[]): Reader {
  const keys = on.map((channel) => JSON.stringify(`c${channel}`));
  const following = hubOf(bus).follow(keys, bus.last, { limit: FOREVER, size: FOREVER }) as Following; // the bus is ready
  const reader = begin(bus, on);
  reader.leave = () => {
    following.stop();
    reader.isGone = true;
  };
  const isFirst = following.next({
    take: (answer) => {
      reader.ids.push(...answer.rows.map(({ id }) => id));
      if (answer.missed) reader.missed += 1;
      reader.last = answer.last;
      return true;
    },
  });
  expect(isFirst).toBeUndefined();
  return reader;
}

async function poll(bus: Bus, reader: Reader, limit: number): Promise<void> {
  const abort = new AbortController();
  reader.leave = () => {
    reader.isGone = true;
    abort.abort();
  };
  const keys = reader.on.map((channel) => JSON.stringify(`c${channel}`));
  const terms = { timeout: FOREVER, signal: abort.signal, form: (answer: Answer) => answer };
  while (!reader.isGone && !hubOf(bus).isClosing) {
    const polled = hubOf(bus).poll({ keys, last: reader.last, limit, lookback: FOREVER }, terms);
    const answer = polled instanceof Promise ? await polled.catch(() => undefined) : polled;
    if (answer === undefined) return;
    if (answer.missed && polled instanceof Promise) reader.missed += 1;
    else if (answer.missed) reader.away.push({ after: reader.last, upTo: answer.last });
    reader.ids.push(...answer.rows.map(({ id }) => id));
    reader.last = answer.last;
    await Promise.resolve();
  }
  reader.isGone = true;
}
