import assert from "node:assert/strict";
import { describe, it } from "vitest";
import { messagesOf, turns, until } from "../../../src/testing/conformance/bus/topic.ts";
import { ManualClock } from "../../../src/testing/fake/manual-clock.ts";
import { natsRuns } from "../engines.ts";
import { startTogether } from "../together.ts";
import { asking, streams } from "./streams.ts";

const FOREVER = Number.POSITIVE_INFINITY;

natsRuns(describe)("what a bus costs NATS", () => {
  const { stream } = streams();

  it("is one request for each send, and none for a process that reads it, however many polls are parked", async () => {
    const { bus: open, client } = stream();
    const [sending, reading] = [asking(await client()), asking(await client())];
    const [sender, reader] = [open({}, sending.connection), open({}, reading.connection)];
    await Promise.all([sender.ready(), reader.ready()]);
    await sender.sendone("a", "begins the run");
    await until(() => reader.last === sender.last, "the reader has caught up");
    for (const parked of [1, 1_000]) {
      const { last } = sender;
      const polls = Array.from({ length: parked }, () => reader.poll(["a"], last, FOREVER));
      await until(() => reader.waiting === parked, "they are parked");
      sending.count = 0;
      reading.count = 0;
      await sender.sendone("a", parked);
      for (const batch of await Promise.all(polls)) assert.deepEqual(messagesOf(batch), [parked]);
      assert.deepEqual([sending.count, reading.count], [1, 0], `${parked} parked polls`);
    }
  });

  it("is one read each five seconds when nothing happens", async () => {
    const { bus: open, client, settle } = stream();
    await settle();
    const [clock, idle] = [new ManualClock(), asking(await client())];
    const bus = open({ clock }, idle.connection);
    await bus.ready();
    const polls = Array.from({ length: 100 }, (_, index) => bus.poll([`a${index}`], bus.last, FOREVER));
    await until(() => bus.waiting === 100, "it has settled");
    await new Promise((resolve) => setTimeout(resolve, 100)); // nothing is to come: there is no condition to wait for
    idle.count = 0;
    clock.advance(4_990);
    await turns(5);
    assert.equal(idle.count, 0);
    for (let beat = 1; beat <= 3; beat += 1) {
      clock.advance(5_000);
      await until(() => idle.count === beat, "it looks");
    }
    await bus.close();
    await Promise.all(polls);
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

  it("lets twenty processes start at once", async () => {
    await startTogether(stream().bus);
  });
});
