import assert from "node:assert/strict";
import { Bus } from "nightbus";
import { sqlite } from "nightbus/sqlite";
import { describe, it } from "vitest";
import { failsWith, messagesOf } from "../../src/testing/conformance/bus/topic.ts";
import { temporaryFiles } from "../stores/files.ts";
import { StoreDouble } from "../support/doubles.ts";

const newPath = temporaryFiles();

describe("retention in bytes", () => {
  it("keeps so much text of keys and messages, and is exact about what was missed", async () => {
    await using bus = new Bus({ retention: { bytes: 100 } });
    const start = bus.last;
    const ids: number[] = [];
    for (let index = 0; index < 5; index += 1) ids.push(await bus.sendone(`c${index}`, "x".repeat(24))); // 4 + 26 units
    assert.equal(bus.stats().bytes, 90);
    assert.equal(bus.stats().rows, 3);
    const channels = ["c0", "c1", "c2", "c3", "c4"];
    assert.equal((await bus.poll(channels, start, 0)).missed, true);
    assert.equal((await bus.poll(channels, ids[0], 0)).missed, true);
    const whole = await bus.poll(channels, ids[1], 0);
    assert.deepEqual([whole.missed, whole.length], [false, 3]);
    assert.equal((await bus.poll(["c2"], start, 0)).missed, false, "nothing of its own was trimmed");
  });

  it("keeps the newest send, however large, and nothing before it", async () => {
    await using bus = new Bus({ retention: { bytes: 0 } });
    await bus.sendone("a", 1);
    await bus.sendmany([2, 3, 4].map((message) => ["a", message]));
    assert.deepEqual(messagesOf(await bus.poll(["a"], 0, 0)), [2, 3, 4]);
    const next = await bus.sendone("b", 5);
    assert.deepEqual(messagesOf(await bus.poll(["a", "b"], 0, 0)), [5]);
    assert.equal((await bus.poll(["a"], next - 1, 0)).missed, false);
  });

  it("counts UTF-16 units, as length does", async () => {
    await using bus = new Bus();
    await bus.sendone("ä", "€😀");
    assert.equal(bus.stats().bytes, '"ä"'.length + '"€😀"'.length);
  });

  it("holds for what a store replays, and frees what was trimmed", async () => {
    const path = newPath();
    const bus = new Bus({ store: sqlite(path) });
    for (let index = 0; index < 10; index += 1) await bus.sendone("a", "x".repeat(100));
    await bus.close();
    await using again = new Bus({ store: sqlite(path), retention: { bytes: 320 } });
    await again.ready();
    assert.deepEqual([again.stats().rows, again.stats().bytes], [3, 315]);
  });

  it("is 256 Mi unless said otherwise, so that 100,000 large messages do not fill the memory", async () => {
    const store = new StoreDouble();
    await using bus = new Bus({ store });
    await bus.ready();
    const json = JSON.stringify("x".repeat(2 ** 20 - 5)); // shared by all, so that the test needs no memory
    for (let index = 0; index < 300; index += 1) store.commit([{ key: '"a"', json }]);
    assert.deepEqual([bus.stats().rows, bus.stats().bytes], [300, 300 * 2 ** 20], "the tick has not ended");
    await bus.poll(["a"], bus.last, 0);
    assert.deepEqual([bus.stats().rows, bus.stats().bytes], [256, 2 ** 28]);
  });
});

describe("the bound of a send", () => {
  it("is 16 MiB of text, and a larger send is refused whole", async () => {
    await using bus = new Bus();
    const message = "x".repeat(2 ** 20 - 2);
    const entries = Array.from({ length: 17 }, () => ["a", message] as const);
    await failsWith("bad_message", () => bus.sendmany(entries), "16777216", "maxSend", "in parts");
    assert.equal(bus.stats().rows, 0);
    assert.equal((await bus.sendmany(entries.slice(0, 15))).length, 15);
  });

  it("is the application's to set, counts bytes of keys and messages, and holds for sendwithin as well", async () => {
    await using bus = new Bus({ maxSend: 20 });
    assert.equal((await bus.sendmany([["a", "€€€€"]])).length, 1); // 3 + 14 bytes
    await failsWith("bad_message", () => bus.sendmany([["a", "€€€€€€"]]), "20", "23");
    await failsWith("bad_message", () => bus.sendwithin(undefined, [["a", "€€€€€€"]]), "maxSend");
  });
});
