import assert from "node:assert/strict";
import { describe, it } from "vitest";
import { messagesOf, until } from "../../../src/testing/conformance/bus/topic.ts";
import { ManualClock } from "../../../src/testing/fake/manual-clock.ts";
import { natsRuns } from "../engines.ts";
import { type CostPlace, type Counting, testCost } from "../suite/cost.ts";
import { type Asked, asking, streams } from "./streams.ts";

const FOREVER = Number.POSITIVE_INFINITY;

natsRuns(describe)("what a bus costs NATS", () => {
  const { stream } = streams();

  testCost<Asked & Counting>({
    reads: 0,
    async place() {
      const { bus, client, settle } = stream();
      await settle();
      return { open: bus as Open, counting: async () => withReset(asking(await client())) };
    },
  });

  it("sees by its next look that the server has forgotten to send it anything", async () => {
    const { bus: open, manager, name } = stream();
    const [bus, other] = [open(), open()];
    await Promise.all([bus.ready(), other.ready()]);
    const { consumers } = await manager();
    for await (const { name: consumer } of consumers.list(name)) await consumers.delete(name, consumer);
    const poll = other.poll(["a"], other.last, FOREVER);
    await bus.sendone("a", 1);
    assert.deepEqual(messagesOf(await poll), [1]);
  });

  it("is a few requests when many rows are trimmed, and none for the other processes", async () => {
    const { bus: open, client, held, settle } = stream();
    await settle();
    const [one, two] = [asking(await client()), asking(await client())];
    const options = { retention: { count: 10 }, clock: new ManualClock() }; // nothing is trimmed before they are closed
    const [bus, other] = [open(options, one.connection), open(options, two.connection)];
    await Promise.all([bus.ready(), other.ready()]);
    for (let step = 0; step < 300; step += 1) await bus.sendone("a", step);
    await until(() => other.last === bus.last, "the other has seen it");
    [one.count, two.count] = [0, 0];
    await bus.close();
    await other.close();
    assert.ok(one.count + two.count < 12, `${one.count} and ${two.count} requests`);
    assert.deepEqual(await held(), { log: 10, marks: 1 });
  });

  it("is no more messages than what is retained, and one each half second, when it is trimmed while it is busy", async () => {
    const { bus: open, client, held, settle } = stream();
    await settle();
    const [clock, asked] = [new ManualClock(), asking(await client())];
    const bus = open({ clock, retention: { count: 10 } }, asked.connection);
    await bus.ready();
    for (let step = 1; step <= 20; step += 1) {
      for (let count = 0; count < 15; count += 1) await bus.sendone("a", count);
      asked.count = 0;
      clock.advance(500);
      await until(() => asked.count >= 2, "it says what is gone, and deletes it");
    }
    await bus.close();
    assert.deepEqual(await held(), { log: 10, marks: 20 });
  });
});

type Open = CostPlace<Counting>["open"];

function withReset(asked: Asked): Asked & Counting {
  return Object.assign(asked, {
    reset() {
      asked.count = 0;
    },
  });
}
