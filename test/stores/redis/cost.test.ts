import assert from "node:assert/strict";
import { describe, it } from "vitest";
import { messagesOf, turns, until } from "../../../src/testing/conformance/bus/topic.ts";
import { ManualClock } from "../../../src/testing/fake/manual-clock.ts";
import { redisRuns } from "../engines.ts";
import { startTogether } from "../together.ts";
import { asking, DEAF } from "./asked.ts";
import { prefixes } from "./prefixes.ts";

const FOREVER = Number.POSITIVE_INFINITY;

redisRuns(describe)("what a bus costs Redis", () => {
  const prefix = prefixes();

  it("is one command for each send, and none but the read that waits for a process that reads it, however many polls are parked", async () => {
    const { bus: open, ioredis } = prefix();
    const [sending, reading] = [asking(ioredis()), asking(ioredis())];
    const [sender, reader] = [open({}, sending.connection), open({}, reading.connection)];
    await Promise.all([sender.ready(), reader.ready()]);
    await sender.sendone("a", "begins the run");
    await until(() => reader.last === sender.last, "the reader has caught up");
    for (const parked of [1, 1_000]) {
      const { last } = sender;
      const polls = Array.from({ length: parked }, () => reader.poll(["a"], last, FOREVER));
      await until(() => reader.waiting === parked, "they are parked");
      [sending.commands, reading.commands, reading.waits] = [[], [], 0];
      await sender.sendone("a", parked);
      for (const batch of await Promise.all(polls)) assert.deepEqual(messagesOf(batch), [parked]);
      assert.deepEqual([sending.commands, reading.commands], [["APPEND"], []], `${parked} parked polls`);
      assert.ok(reading.waits <= 2, `it waits for the next, ${reading.waits} times`);
    }
  });

  it("is a read that waits for five seconds, and one read each five seconds, when nothing happens", async () => {
    const { bus: open, ioredis } = prefix();
    const [clock, idle] = [new ManualClock(), asking(ioredis())];
    const blocks = new Set<string>();
    idle.changes = (command) => {
      const at = command.indexOf("BLOCK") + 1;
      if (at === 0) return command;
      blocks.add(command[at]!);
      return command.with(at, "20"); // by the test's clock, five seconds pass at once
    };
    const bus = open({ clock }, idle.connection);
    await bus.ready();
    const polls = Array.from({ length: 100 }, (_, index) => bus.poll([`a${index}`], bus.last, FOREVER));
    await until(() => bus.waiting === 100 && idle.waits > 2, "it has settled");
    idle.commands = [];
    clock.advance(4_990);
    await turns(5);
    assert.deepEqual(idle.commands, []);
    for (let beat = 1; beat <= 3; beat += 1) {
      idle.waits = 0;
      await until(() => idle.waits > 1, "what waited before has been answered");
      clock.advance(5_000);
      await until(() => idle.commands.length === beat, "it looks");
    }
    await bus.close();
    await Promise.all(polls);
    assert.deepEqual([idle.commands, [...blocks]], [["PAGE", "PAGE", "PAGE"], ["5000"]]);
  });

  it("sees within five seconds what the read that waits did not tell", async () => {
    const { bus: open, ioredis } = prefix();
    const [clock, deaf] = [new ManualClock(), asking(ioredis())];
    deaf.changes = DEAF;
    const [sender, bus] = [open(), open({ clock }, deaf.connection)];
    await Promise.all([sender.ready(), bus.ready()]);
    const poll = bus.poll(["a"], bus.last, FOREVER);
    await sender.sendone("a", 1);
    clock.advance(5_000);
    assert.deepEqual(messagesOf(await poll), [1]);
  });

  it("is a few commands when many rows are trimmed", async () => {
    const { bus: open, ioredis, client, key } = prefix();
    const asked = asking(ioredis());
    const bus = open({ retention: { count: 10 } }, asked.connection);
    await bus.ready();
    await Promise.all(Array.from({ length: 2_000 }, (_, step) => bus.sendone("a", step)));
    asked.commands = [];
    await bus.close();
    assert.ok(
      asked.commands.length <= 13 && asked.commands.every((command) => command === "TRIM"),
      `${asked.commands}`,
    );
    assert.equal(await (await client()).xLen(key("log")), 10);
  });

  it("is each row once, in pages, when a log is opened", async () => {
    const { bus: open, ioredis } = prefix();
    const retention = { count: 1e6 };
    const writer = open({ retention });
    const entries = Array.from({ length: 100 }, (_, index) => ["a", index] as const);
    const sends = Array.from({ length: 120 }, () => writer.sendmany(entries));
    await Promise.all(sends);
    const asked = asking(ioredis());
    const bus = open({ retention }, asked.connection);
    await bus.ready();
    assert.deepEqual(asked.commands, ["CREATE", "PAGE", "PAGE", "PAGE"]);
    assert.equal((await bus.poll(["a"], 0, 0, { limit: FOREVER })).length, 12_000);
  });

  it("is pages of few bytes where messages are large", async () => {
    const { bus: open, ioredis } = prefix();
    const writer = open();
    for (let step = 0; step < 12; step += 1) await writer.sendone("a", `${step}`.padEnd(1_000_000, "x"));
    const asked = asking(ioredis());
    const sizes: number[] = [];
    asked.answered = (name, answer) => {
      if (name === "PAGE") sizes.push(JSON.stringify(answer).length);
    };
    const bus = open({}, asked.connection);
    await bus.ready();
    assert.equal((await bus.poll(["a"], 0, 0)).length, 12);
    assert.ok(sizes.length >= 3 && Math.max(...sizes) < 6e6, `pages of ${sizes} bytes`);
  });

  it("is reads of few bytes where messages are large that come while it is busy", async () => {
    const { bus: open, ioredis } = prefix();
    const asked = asking(ioredis());
    const sizes: number[] = [];
    let release = (): void => {};
    const busy = new Promise<void>((resolve) => {
      release = resolve;
    });
    asked.answered = (name, answer) => {
      if (name !== "XREAD" || answer === null) return;
      sizes.push(JSON.stringify(answer).length);
      return busy;
    };
    const [writer, reader] = [open(), open({}, asked.connection)];
    await Promise.all([writer.ready(), reader.ready()]);
    for (let step = 0; step < 40; step += 1) await writer.sendone("a", `${step}`.padEnd(1_000_000, "x"));
    release();
    await until(() => reader.last === writer.last, "all has come");
    assert.ok(sizes.length >= 10 && Math.max(...sizes) < 6e6, `reads of ${sizes} bytes`);
  });

  it("lets twenty processes start at once", async () => {
    await startTogether(prefix().bus);
  });
});
