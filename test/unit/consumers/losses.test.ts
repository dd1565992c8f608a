import type { Bus, ConsumeOptions, Consumer } from "nightbus";
import { describe, expect, it } from "vitest";
import { textOf } from "../../../src/consumers/state.ts";
import { memory } from "../../../src/stores/memory.ts";
import { turns, until } from "../../../src/testing/conformance/bus/topic.ts";
import { busWith, pass } from "./bus.ts";

const JOBS = ["jobs", "others"] as const;

/** Begins a consumer that gives up at its first notification, as a crash would. */
async function begin(bus: Bus, channels: readonly string[]): Promise<void> {
  const handler = (): never => {
    throw new Error("no printer");
  };
  const first = bus.consume("printer", channels, handler, { from: "start", attempts: 1 });
  await expect(first.done).rejects.toMatchObject({ code: "consumer" });
}

interface Goes {
  readonly consumer: Consumer;
  readonly seen: unknown[];
  readonly missed: number[];
}

function goOn(bus: Bus, channels: readonly string[], options: Pick<ConsumeOptions, "from" | "onMissed"> = {}): Goes {
  const [seen, missed]: [unknown[], number[]] = [[], []];
  const onMissed = (last: number): void => void missed.push(last);
  const consumer = bus.consume("printer", channels, ({ message }) => void seen.push(message), { onMissed, ...options });
  return { consumer, seen, missed };
}

describe("a consumer from the start", () => {
  it("hears of what was trimmed before it handled anything", async () => {
    const { bus } = busWith({ retention: { count: 2 } });
    await bus.sendone("jobs", 0);
    await begin(bus, ["jobs"]);
    await bus.sendmany([1, 2, 3].map((n) => ["jobs", n] as const)); // the log trims 0 and 1
    const { seen, missed } = goOn(bus, ["jobs"]);
    await until(() => seen.length === 2, "the consumer goes on");
    expect([seen, missed.length]).toEqual([[2, 3], 1]);
    await bus.close();
  });

  it("hears of a loss on channels that were empty when it began", async () => {
    const { bus } = busWith({ retention: { count: 2 } });
    const first = goOn(bus, ["jobs"], { from: "start" });
    await until(() => first.consumer.isActive, "the consumer works");
    await first.consumer.close();
    await bus.sendmany([1, 2, 3].map((n) => ["jobs", n] as const));
    const { seen, missed } = goOn(bus, ["jobs"]);
    await until(() => seen.length === 2, "the consumer goes on");
    expect([seen, missed.length]).toEqual([[2, 3], 1]);
    await bus.close();
  });

  it("misses nothing that was trimmed before it began, however often it begins anew", async () => {
    const { bus, clock, errors } = busWith({ retention: { count: 2 } });
    await bus.sendone("jobs", 0);
    await bus.sendmany([1, 2, 3, 4, 5].map((n) => ["others", n] as const)); // trims three after the job
    await begin(bus, JOBS);
    expect(await bus.consumers.list()).toMatchObject([{ behind: 3, edge: 1 }]); // the next on `others` trims one of these
    const { consumer, seen, missed } = goOn(bus, JOBS);
    await until(() => seen.length === 3, "all are handled");
    await consumer.close();
    await bus.consumers.seek("printer", "start");
    const again = goOn(bus, JOBS);
    await until(() => again.seen.length === 3, "all are handled again");
    await pass(clock, 1_000);
    expect([seen, again.seen, missed, again.missed, errors.length]).toEqual([[0, 4, 5], [0, 4, 5], [], [], 1]);
    await bus.close();
  });

  it("misses nothing that grew too old before it began", async () => {
    const { bus, clock } = busWith({ retention: { age: 10_000 } });
    await bus.sendone("jobs", 0);
    await pass(clock, 11_000); // between two sweeps
    await bus.sendone("jobs", 1);
    const { seen, missed } = goOn(bus, ["jobs"], { from: "start" });
    await until(() => seen.length === 1, "the consumer works");
    expect([seen, missed]).toEqual([[1], []]);
    await bus.close();
  });

  it("misses nothing that is trimmed between its first record and its first look", async () => {
    const store = memory();
    const { replace } = store.positions!; // a store in memory has positions
    let isFirst = true;
    Object.assign(store.positions!, {
      replace: async (...change: Parameters<typeof replace>) => {
        const version = await replace(...change);
        if (isFirst) {
          isFirst = false;
          await bus.sendone("jobs", 3);
        }
        return version;
      },
    });
    const { bus } = busWith({ retention: { count: 2 }, store });
    await bus.sendmany([1, 2].map((n) => ["jobs", n] as const));
    const { seen, missed } = goOn(bus, ["jobs"], { from: "start" });
    await until(() => seen.length === 2, "the consumer works");
    expect([seen, missed]).toEqual([[2, 3], []]);
    await bus.close();
  });

  it("misses nothing from 0 that was trimmed before", async () => {
    const { bus } = busWith({ retention: { count: 2 } });
    await bus.sendone("jobs", 0);
    await bus.sendmany([1, 2, 3, 4, 5].map((n) => ["others", n] as const));
    const handler = ({ message }: { readonly message: unknown }): void => {
      if (message !== 0) throw new Error("no printer");
    };
    const first = bus.consume("printer", JOBS, handler, { from: 0, attempts: 1 });
    await expect(first.done).rejects.toMatchObject({ code: "consumer" });
    const { seen, missed } = goOn(bus, JOBS);
    await until(() => seen.length === 2, "the rest is handled");
    expect([seen, missed]).toEqual([[4, 5], []]);
    await bus.close();
  });

  it("has a record that every store takes, also with many channels", () => {
    const keys = Array.from({ length: 2_340 }, (_, n) => `"c${1_000 + n}"`);
    const known = new Map(keys.map((key) => [key, 800_000_000_000_000]));
    expect(textOf({ keys, last: 1, fence: 1, holder: undefined, known }).length).toBeLessThan(256 * 1_024);
  });

  it("hears once of a loss of which it was told, also if it begins anew in the middle of the rest", async () => {
    const { bus } = busWith({ retention: { count: 2 } });
    await bus.sendone("jobs", 0);
    await begin(bus, JOBS);
    await bus.sendmany([1, 2, 3, 4, 5].map((n) => ["others", n] as const));
    let ends = (): void => {};
    const missed: number[] = [];
    const onMissed = (last: number): void => void missed.push(last);
    const seen: unknown[] = [];
    const handler = async ({ message }: { readonly message: unknown }): Promise<void> => {
      seen.push(message);
      await new Promise<void>((end) => {
        ends = end;
      });
    };
    const first = bus.consume("printer", JOBS, handler, { onMissed });
    await until(() => seen.length === 1, "the first is in hand");
    const closing = first.close(); // after the job, and before what is left of the others
    ends();
    await closing;
    const { seen: rest } = goOn(bus, JOBS, { onMissed });
    await until(() => rest.length === 2, "the rest is handled");
    expect([seen, rest, missed.length]).toEqual([[0], [4, 5], 1]);
    await bus.close();
  });
});

describe("a quiet consumer", () => {
  it("moves with the log, and is not told of losses on other channels after it begins anew", async () => {
    const { bus, clock, errors } = busWith({ retention: { total: 1 } });
    const quiet = bus.consume("quiet", ["orders"], () => {});
    await until(() => quiet.isActive, "the consumer works");
    // So many channels lose their rows that the log forgets which ones.
    for (let n = 0; n < 106; n += 1) {
      await bus.sendmany(Array.from({ length: 1_000 }, (_, i) => [["user", n * 1_000 + i], 0] as const));
    }
    await pass(clock, 61_000, 500);
    await quiet.close();
    expect(await bus.consumers.list()).toMatchObject([{ last: bus.last }]);
    const again = bus.consume("quiet", ["orders"], () => {});
    await turns(50);
    expect([errors, again.isActive]).toEqual([[], true]);
    await bus.close();
  });
});
