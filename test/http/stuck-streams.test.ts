import { expect, it } from "vitest";
import { makeStreams } from "./sinks.ts";

it.each([5_000, 15_000, 20_000, Number.POSITIVE_INFINITY])(
  "a stream gives up a client that takes nothing for unsentTimeout, and none before, with a heartbeat of %d ms",
  async (heartbeat) => {
    const unsentTimeout = 30_000;
    const bed = await makeStreams({ heartbeat, unsentTimeout, maxAge: Number.POSITIVE_INFINITY });
    const [stuck, slow, late] = [await bed.open("a"), await bed.open("a"), await bed.open("b")].map(({ sink }) => sink);
    for (const sink of [stuck!, slow!]) sink.reads = false;
    bed.clock.advance(4_000);
    await bed.bus.sendone("a", "x".repeat(100));
    bed.clock.advance(28_000);
    late!.reads = false;
    await bed.bus.sendone("b", "x".repeat(100));
    expect([stuck!.state, bed.bus.stats().streams]).toEqual(["open", 3]);
    for (let passed = 0; passed < 29_000; passed += 1_000) {
      slow!.unsent -= 1;
      bed.clock.advance(1_000);
    }
    expect([stuck!.state, slow!.state, late!.state]).toEqual(["destroyed", "open", "open"]);
    bed.clock.advance(unsentTimeout + Math.min(heartbeat, unsentTimeout / 2) + 8);
    expect([slow!.state, late!.state, bed.bus.stats().streams]).toEqual(["destroyed", "destroyed", 0]);
    await bed.bus.close();
  },
);

it.each([
  [20_000, [20_000, 40_000, 60_000]],
  [100_000, [100_000]],
  [Number.POSITIVE_INFINITY, []],
])("a stream that is looked at more often than each %d ms has no more heartbeats", async (heartbeat, times) => {
  const bed = await makeStreams({ heartbeat, unsentTimeout: 0, maxAge: Number.POSITIVE_INFINITY });
  const { sink } = await bed.open("a");
  const seen: number[] = [];
  for (let now = 1_000; now <= Math.max(...times, 60_000); now += 1_000) {
    bed.clock.advance(1_000);
    while (seen.length < sink.texts.length) seen.push(now);
  }
  expect([seen, sink.state]).toEqual([times, "open"]);
  await bed.bus.close();
});

it("an ended stream stays for a client that still takes something, and for no other", async () => {
  const bed = await makeStreams({ maxAge: 5_000, unsentTimeout: 30_000 });
  const [slow, stuck] = [await bed.open("a"), await bed.open("a")].map(({ sink }) => sink);
  for (const sink of [slow!, stuck!]) sink.reads = false;
  await bed.bus.sendone("a", "x".repeat(1_000));
  bed.clock.advance(5_008);
  expect([slow!.state, stuck!.state]).toEqual(["ended", "ended"]);
  for (let second = 0; second < 30; second += 1) {
    slow!.unsent -= 1;
    bed.clock.advance(1_000);
  }
  expect([slow!.state, stuck!.state]).toEqual(["ended", "destroyed"]);
  for (let second = 0; second < 80; second += 1) {
    slow!.unsent -= 1;
    bed.clock.advance(1_000);
  }
  expect(slow!.state).toBe("ended");
  for (let second = 0; second < 15; second += 1) {
    slow!.unsent -= 1;
    bed.clock.advance(1_000);
  }
  expect(slow!.state, "two minutes after the end").toBe("destroyed");
  await bed.bus.close();
});

it("an ended stream whose bus closes waits for nobody", async () => {
  const bed = await makeStreams({ maxAge: 5_000, unsentTimeout: 30_000 });
  const { sink } = await bed.open("a");
  sink.reads = false;
  await bed.bus.sendone("a", "x".repeat(1_000));
  bed.clock.advance(5_008);
  await bed.bus.close();
  expect(sink.state).toBe("destroyed");
});
