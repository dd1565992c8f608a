import { setFlagsFromString } from "node:v8";
import { runInNewContext } from "node:vm";
import { describe, expect, it } from "vitest";
import { turns, until } from "../../../src/testing/conformance/bus/topic.ts";
import { type Client, makeBed } from "./bed.ts";

const MEGABYTE = 2 ** 20;

describe("a client that does not read", () => {
  it("is closed beyond maxBuffered, and resumes from its position without a loss", async () => {
    const bed = await makeBed({ maxBuffered: 64 * 1024 }, { retention: { count: 10_000 } });
    const [slow, quick] = [await bed.reader(["a"]), await bed.reader(["a"])];
    slow.socket.pause();
    let sent = 0;
    await until(() => {
      void bed.bus.sendone("a", { n: sent++, text: "x".repeat(20_000) });
      bed.clock.advance(1);
      return bed.bus.stats().sockets === 1;
    }, "the slow socket is closed");
    slow.socket.resume();
    expect(await slow.end()).toEqual([1013, "TRY_LATER"]);
    await until(() => quick.messages.length === sent, "the quick one has all");
    const back = await bed.reader(["a"], slow.ids.at(-1));
    await back.has(sent - slow.messages.length);
    expect([...slow.ids, ...back.ids]).toEqual(quick.ids);
    expect(bed.bus.stats().unsent).toBe(0);
  });

  it("is dropped after unsentTimeout, and its bytes are counted until then", async () => {
    const bed = await makeBed({ maxBuffered: 64 * MEGABYTE, heartbeat: Number.POSITIVE_INFINITY });
    const client = await bed.reader(["a"]);
    client.socket.pause();
    for (let n = 0; n < 12; n += 1) await bed.bus.sendone("a", "x".repeat(MEGABYTE - 10));
    await bed.pass(16_000);
    expect([bed.bus.stats().sockets, bed.bus.stats().unsent > MEGABYTE]).toEqual([1, true]);
    await bed.pass(30_000);
    expect(bed.bus.stats().sockets).toBe(0);
    await until(() => bed.bus.stats().unsent === 0, "the bytes are let go");
    client.socket.terminate();
  });

  it("that subscribes again gets no second follower, and all once it reads", async () => {
    const bed = await makeBed({ maxBuffered: 32 * MEGABYTE });
    const client = await bed.reader(["a"]);
    client.socket.pause();
    for (let n = 0; n < 12; n += 1) await bed.bus.sendone("a", { n, text: "x".repeat(MEGABYTE / 2) });
    for (const channels of [["a", "b"], ["b", "a"], ["a"], ["a", "b"]]) client.subscribe(channels);
    await turns(10);
    await bed.bus.sendmany([
      ["b", 12],
      ["a", 13],
    ]);
    client.socket.resume();
    await client.has(14);
    await bed.bus.sendone("b", 14);
    await client.has(15);
    expect(client.ids).toEqual([...new Set(client.ids)].sort((one, other) => one - other));
    expect(client.messages).toHaveLength(15);
  });
});

describe("a large answer", () => {
  it("is parted into frames of at most 256 kB, and a larger notification is one", async () => {
    const bed = await makeBed();
    const sizes = [100, 200_000, 100, 65_000, 300_000, 5, 5];
    await bed.bus.sendmany(sizes.map((size) => ["a", "x".repeat(size)] as const));
    const client = await bed.open();
    client.subscribe(["a"]);
    await client.has(sizes.length);
    expect(client.frames.map((frame) => frame.map(({ message }) => (message.payload as string).length))).toEqual([
      [100, 200_000, 100],
      [65_000],
      [300_000],
      [5, 5],
    ]);
    await until(() => bed.bus.stats().unsent === 0, "the frames are let go");
  });

  it("takes no memory of its size for each socket", async () => {
    const bed = await makeBed({}, { maxMessage: 2 * MEGABYTE, maxSend: 200 * MEGABYTE });
    const clients: Client[] = [];
    for (let n = 0; n < 20; n += 1) clients.push(await bed.reader(["a"]));
    for (const { socket } of clients) socket.pause();
    const before = memory();
    await bed.bus.sendmany(Array.from({ length: 100 }, () => ["a", "x".repeat(MEGABYTE - 100)] as const));
    await turns(50);
    expect((memory() - before) / MEGABYTE).toBeLessThan(100 + 20 * 3);
  });
});

function memory(): number {
  setFlagsFromString("--expose-gc");
  // Memory outside of the heap that one collection frees is counted by the next.
  for (let round = 0; round < 2; round += 1) runInNewContext("gc")();
  const { heapUsed, external } = process.memoryUsage();
  return heapUsed + external;
}
