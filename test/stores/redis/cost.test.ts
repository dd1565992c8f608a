import assert from "node:assert/strict";
import { describe, it } from "vitest";
import { messagesOf, until } from "../../../src/testing/conformance/bus/topic.ts";
import { ManualClock } from "../../../src/testing/fake/manual-clock.ts";
import { redisRuns } from "../engines.ts";
import { type CostPlace, type Counting, testCost } from "../suite/cost.ts";
import { type Asked, asking, DEAF } from "./asked.ts";
import { prefixes } from "./prefixes.ts";

const FOREVER = Number.POSITIVE_INFINITY;

redisRuns(describe)("what a bus costs Redis", () => {
  const prefix = prefixes();

  testCost<Counted>({
    reads: 0,
    place() {
      const { bus, ioredis } = prefix();
      return { open: bus as CostPlace<Counted>["open"], counting: async () => counted(asking(ioredis())) };
    },
    check(sending, reading) {
      assert.deepEqual([sending.asked.commands, reading.asked.commands], [["APPEND"], []]);
      assert.ok(reading.asked.waits <= 2, `it waits for the next, ${reading.asked.waits} times`);
    },
    idle({ asked }) {
      asked.changes = (command) => {
        const at = command.indexOf("BLOCK") + 1;
        if (at === 0) return command;
        assert.equal(command[at], "5000");
        return command.with(at, "20"); // by the test's clock, five seconds pass at once
      };
    },
    hasSettled: ({ asked }) => asked.waits > 2,
    async beforeLook({ asked }) {
      assert.ok(asked.commands.every((command) => command === "PAGE"));
      asked.waits = 0;
      await until(() => asked.waits > 1, "what waited before has been answered");
    },
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
});

interface Counted extends Counting {
  readonly asked: Asked;
}

function counted(asked: Asked): Counted {
  return {
    asked,
    connection: asked.connection,
    get count() {
      return asked.commands.length;
    },
    reset() {
      [asked.commands, asked.waits] = [[], 0];
    },
  };
}
