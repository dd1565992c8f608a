import assert from "node:assert/strict";
import { cpSync, rmSync } from "node:fs";
import { join } from "node:path";
import { JetStreamApiError } from "@nats-io/jetstream";
import type { NatsConnection } from "@nats-io/transport-node";
import { Bus } from "nightbus";
import { nats } from "nightbus/nats";
import { describe, it } from "vitest";
import { failsWith, isPending, messagesOf, until } from "../../../src/testing/conformance/bus/topic.ts";
import { ManualClock } from "../../../src/testing/fake/manual-clock.ts";
import { natsRuns } from "../engines.ts";
import { testUnreachable } from "../suite/faults.ts";
import { asking, streams } from "./streams.ts";

const FOREVER = Number.POSITIVE_INFINITY;

natsRuns(describe)("a store on NATS, when things go wrong,", () => {
  const { stream, server } = streams();

  testUnreachable(() => nats("nats://user:secret@127.0.0.1:1"), "NATS could not be opened");

  it.each(["politely", "SIGKILL"] as const)("goes on soon when its server is stopped (%s)", async (how) => {
    const { bus: open, instance, url } = await server();
    const [sender, reader] = [open(), open()];
    for (const bus of [sender, reader]) bus.on("error", () => {});
    await Promise.all([sender.ready(), reader.ready()]);
    const heard: unknown[] = [];
    reader.on("notification", ({ message }) => heard.push(message));
    assert.ok(url !== "");
    const before = await sender.sendone("a", "before");
    await instance.stop(how);
    await instance.start();
    const started = performance.now();
    const after = await sender.sendone("a", "after");
    await until(() => heard.length === 2, "the reader hears of it");
    const took = performance.now() - started;
    assert.ok(took < 2_000, `it took ${took} ms`);
    assert.deepEqual([heard, after > before + 1], [["before", "after"], true], "another run begins");
    const batch = await reader.poll(["a"], before, 0);
    assert.deepEqual([messagesOf(batch), batch.missed], [["after"], false]);
    assert.equal((await reader.poll(["a"], before + 1, 0)).missed, true, "another life may have given it out");
  });

  it("is the same log after a restart of the server, when three processes had made it at once", async () => {
    const { instance, url } = await server();
    const open = (stream: number): Bus => new Bus({ store: nats(url, { stream: `at-once-${stream}` }) });
    const all = Array.from({ length: 100 }, (_, stream) => [open(stream), open(stream), open(stream)] as const);
    await Promise.all(all.flat().map((bus) => bus.ready()));
    await Promise.all(all.flatMap((buses) => buses.map((bus, index) => bus.sendone("a", index))));
    await Promise.all(all.flat().map((bus) => bus.close()));
    await instance.stop("politely");
    await instance.start();
    for (const stream of all.keys()) {
      const bus = open(stream);
      const messages = messagesOf(await bus.poll(["a"], 0, 0));
      assert.deepEqual([...messages].sort(), [0, 1, 2]);
      await bus.close();
    }
  });

  it("waits while its server is down, and sends what was asked meanwhile once", async () => {
    const { bus: open, instance } = await server();
    const bus = open();
    await bus.ready();
    await instance.stop("SIGKILL");
    const sends = Array.from({ length: 10 }, (_, index) => bus.sendone("a", index));
    await instance.start();
    const settled = await Promise.allSettled(sends);
    assert.ok(settled.every(({ status }) => status === "fulfilled"));
    assert.deepEqual(messagesOf(await open().poll(["a"], 0, 0)), [0, 1, 2, 3, 4, 5, 6, 7, 8, 9]);
  });

  it("makes its streams though the server deletes its last stream at that moment, and so cannot", async () => {
    const { bus: open, client } = stream();
    const { connection } = asking(await client());
    const refused = new Map<string, number>();
    refuseStreams(connection, (subject) => {
      const times = refused.get(subject) ?? 0;
      if (times < 2) refused.set(subject, times + 1);
      return times < 2;
    });
    const bus = open({}, connection);
    const heard: unknown[] = [];
    bus.consume("reader", ["a"], ({ message }) => void heard.push(message));
    await bus.sendone("a", 1);
    await until(() => heard.length === 1, "the consumer hears of it");
    assert.deepEqual([...refused.values()], [2, 2], "the log and the positions");
  });

  it("refuses all sends after five seconds if the server can make no stream for good, and says where to look", async () => {
    const { bus: open, client, manager, name } = stream();
    const { connection } = asking(await client());
    let isFull = false;
    refuseStreams(connection, () => isFull);
    const bus = open({}, connection);
    bus.on("error", () => {});
    await bus.sendone("a", 0);
    isFull = true;
    await (await manager()).streams.delete(name);
    const started = performance.now();
    const sends = [1, 2, 3].map((message) => bus.sendone("a", message));
    await Promise.allSettled(sends);
    const took = performance.now() - started;
    assert.ok(took < 10_000, `it took ${took} ms`);
    for (const send of sends) {
      const error = await failsWith("store", () => send, "its log says why", "tried for 5 s");
      assert.deepEqual([error.refused, error.unavailable], [true, true]);
    }
    isFull = false;
    await bus.sendone("a", "after");
  });

  it("tells those who read that something is missing when the stream was deleted, and goes on", async () => {
    const { bus: open, manager, name } = stream();
    const [bus, other] = [open(), open()];
    await Promise.all([bus.ready(), other.ready()]);
    const last = await bus.sendone("a", "lost");
    await other.poll(["a"], last, 0);
    await (await manager()).streams.delete(name);
    const id = await bus.sendone("a", "new");
    assert.ok(id > last);
    await other.sendone("b", "wakes");
    for (const each of [bus, other]) {
      const again = await each.poll(["a"], last, 0);
      assert.deepEqual([messagesOf(again), again.missed], [["new"], true]);
    }
  });

  it("says missed when somebody else has purged the whole stream", async () => {
    const { bus: open, manager, name } = stream();
    const [bus, other] = [open(), open()];
    await Promise.all([bus.ready(), other.ready()]);
    const first = await bus.sendone("a", 1);
    const last = await bus.sendone("a", 2);
    await other.poll(["a"], last, 0);
    await (await manager()).streams.purge(name);
    const id = await other.sendone("a", 3);
    assert.ok(id > last);
    await until(() => bus.last === id, "the other hears of it");
    for (const each of [bus, other, open()]) {
      const batch = await each.poll(["a"], first, 0);
      assert.deepEqual([messagesOf(batch), batch.missed], [[3], true]);
    }
  });

  it("says missed of what somebody else has deleted, on a bus that opens later", async () => {
    const { bus: open, manager, name } = stream();
    const bus = open();
    const ids: number[] = [];
    for (let step = 0; step < 6; step += 1) ids.push(await bus.sendone(step % 2 === 0 ? "a" : "b", step));
    const { streams } = await manager();
    await streams.deleteMessage(name, 3);
    const later = open();
    const batch = await later.poll(["a"], ids[0]!, 0);
    assert.deepEqual([messagesOf(batch), batch.missed], [[4], true]);
    assert.equal((await later.poll(["b"], ids[0]!, 0)).missed, true, "nobody knows on which channel it was");
    assert.equal((await later.poll(["b"], ids[2]!, 0)).missed, false);
  });

  it("knows a stream that was restored from an older copy: cursors from what is gone have missed it", async () => {
    const { bus: open, instance } = await server();
    const [bus, lagging] = [open(), open()];
    for (const each of [bus, lagging]) each.on("error", () => {});
    await Promise.all([bus.ready(), lagging.ready()]);
    const kept = await bus.sendone("a", "kept");
    await lagging.poll(["a"], kept, 0);
    await instance.stop("politely");
    const [data, copy] = [join(instance.folder, "jetstream"), `${instance.folder}-copy`];
    cpSync(data, copy, { recursive: true });
    await instance.start();
    const gone = await bus.sendone("a", "gone");
    await instance.stop("politely");
    rmSync(data, { recursive: true });
    cpSync(copy, data, { recursive: true });
    rmSync(copy, { recursive: true });
    await instance.start();
    const id = await lagging.sendone("a", "new");
    assert.ok(id > gone, "no id is given out again");
    await until(() => bus.last === id, "the other bus has heard of it");
    for (const each of [bus, lagging, open()]) {
      const missed = await each.poll(["a"], gone, 0);
      assert.deepEqual([messagesOf(missed), missed.missed], [["new"], true]);
      const resumed = await each.poll(["a"], kept, 0);
      assert.deepEqual([messagesOf(resumed), resumed.missed], [["new"], false]);
    }
  });

  it("sends once what was committed although the answer was lost", async () => {
    const { bus: open, client } = stream();
    const asked = asking(await client());
    const bus = open({}, asked.connection);
    await bus.sendone("a", 0);
    let losses = 1;
    asked.loses = (subject) => (subject.includes(".log.") && losses-- > 0 ? "answer" : false);
    const id = await bus.sendone("a", 1);
    losses = 1;
    asked.loses = (subject) => subject.includes(".log.") && losses-- > 0;
    await bus.sendone("a", 2);
    assert.ok(id > 0);
    assert.deepEqual(messagesOf(await open().poll(["a"], 0, 0)), [0, 1, 2]);
    assert.deepEqual(messagesOf(await bus.poll(["a"], 0, 0)), [0, 1, 2]);
  });

  it("says that a send may have been committed when no answer comes at all", async () => {
    const { bus: open, client } = stream();
    const asked = asking(await client());
    const bus = open({}, asked.connection);
    await bus.sendone("a", 0);
    asked.loses = () => "answer";
    const error = await failsWith("store", () => bus.sendone("a", 1), "NATS could not commit", "tried for 5 s");
    assert.equal(error.refused, false);
    asked.loses = () => false;
    await bus.sendone("a", 2);
    assert.deepEqual(messagesOf(await bus.poll(["a"], 0, 0)), [0, 1, 2]);
  });

  it("goes on when a connection is half-open, and when it was forgotten on the way", async () => {
    const { bus: open, proxy: way } = await server();
    const { proxy, url } = await way();
    const [bus, other] = [open({}, url), open()];
    bus.on("error", () => {});
    await Promise.all([bus.ready(), other.ready()]);
    await bus.sendone("a", 0);
    proxy.forget();
    const started = performance.now();
    const poll = bus.poll(["a"], bus.last, FOREVER);
    const id = await other.sendone("a", 1);
    assert.ok(id > 0);
    assert.deepEqual(messagesOf(await poll), [1]);
    const took = performance.now() - started;
    assert.ok(took < 8_500, `it took ${took} ms`);
    proxy.halfOpen();
    const sent = bus.sendone("a", 2);
    await new Promise((resolve) => setTimeout(resolve, 300));
    proxy.restore();
    await sent;
    await until(() => other.last === bus.last, "the other hears of it");
    assert.deepEqual(messagesOf(await other.poll(["a"], 0, 0)), [0, 1, 2]);
  });

  it("tells nobody that something is missing when what it read on opening came late", async () => {
    const { bus: open, client } = stream();
    const writer = open();
    const start = await writer.sendone("a", 1);
    await writer.sendone("a", 2);
    const asked = asking(await client());
    const { subscribe } = asked.connection;
    const subjects: string[] = [];
    asked.connection.subscribe = (subject, options) => {
      const isDeaf = subjects.push(subject) === 1;
      return subscribe.call(asked.connection, subject, isDeaf ? { ...options, callback: () => {} } : options);
    };
    const clock = new ManualClock();
    const bus = open({ clock }, asked.connection);
    while (await isPending(bus.ready())) clock.advance(1_000); // until it asks again
    assert.ok(subjects.length > 1);
    const poll = bus.poll(["a"], bus.last, FOREVER);
    clock.advance(5_000);
    assert.equal((await bus.poll(["b"], bus.last + 1, 0)).missed, true, "it has looked, and read all there is");
    await writer.sendone("a", 3);
    const batch = await poll;
    assert.deepEqual([messagesOf(batch), batch.missed], [[3], false]);
    assert.deepEqual(messagesOf(await bus.poll(["a"], start, 0)), [2, 3]);
  });

  it("tells a bus that lagged while others trimmed what it has missed, and nothing else", async () => {
    const { bus: open, proxy: way } = await server();
    const { proxy, url } = await way();
    const lagging = open({ retention: { count: 2 } }, url);
    const bus = open({ retention: { count: 2 } });
    lagging.on("error", () => {});
    await Promise.all([bus.ready(), lagging.ready()]);
    const start = await bus.sendone("a", "first");
    await lagging.poll(["a"], start, 0);
    const polls = ["a", "b"].map((channel) => lagging.poll([channel], start, FOREVER));
    proxy.drop();
    for (let step = 0; step < 20; step += 1) await bus.sendone("a", step);
    const seen = await bus.sendone("b", "seen");
    await bus.close(); // by then it has trimmed
    proxy.restore();
    const [a, b] = await Promise.all(polls);
    assert.deepEqual([messagesOf(a!), a!.missed], [[18, 19], true]);
    assert.deepEqual([messagesOf(b!), b!.missed, lagging.last], [["seen"], false, seen]);
    const later = open({ retention: { count: 2 } });
    for (const [channel, missed] of [
      ["a", true],
      ["b", false],
    ] as const) {
      assert.equal((await later.poll([channel], start, 0)).missed, missed, channel);
    }
  });

  it.each([
    [{ subjects: ["elsewhere"] }, "does not take the subject"],
    [{ retention: "workqueue" }, 'retention is "workqueue"'],
    [{ discard: "new", max_msgs: 10 }, "would refuse what is sent"],
    [{ max_msgs_per_subject: 1 }, "keeps only some messages"],
    [{ deny_purge: true }, "lets nobody delete"],
  ])("refuses a stream that cannot hold a log: %o", async (config, sentence) => {
    const { bus: open, manager, name } = stream();
    const subjects = [`${name}.>`];
    await (await manager()).streams.add({ name, subjects, ...config } as { name: string; subjects: string[] });
    const error = await failsWith("store", () => open().ready(), "cannot hold a log", sentence, "choose another name");
    assert.equal(error.refused, true);
  });

  it("begins an epoch at the clock on a stream that the application has made", async () => {
    const { bus: open, manager, name } = stream();
    await (await manager()).streams.add({ name, subjects: [`${name}.>`] });
    const first = open();
    const id = await first.sendone("a", 1);
    await first.close();
    const again = open();
    const next = await again.sendone("a", 2);
    assert.ok(next > id + 1_000, `${next} follows ${id}`);
    assert.equal((await again.poll(["a"], id + 1, 0)).missed, true, "another life may have given it out");
  });

  it("uses a stream that the application has made, and refuses subjects that another takes", async () => {
    const { bus: open, manager, name } = stream();
    const { streams } = await manager();
    await streams.add({ name, subjects: [`${name}.>`], max_age: 3_600e9 });
    const id = await open().sendone("a", 1);
    assert.deepEqual(messagesOf(await open().poll(["a"], id - 1, 0)), [1]);
    await streams.delete(name);
    const other = `${name}-other`;
    await streams.add({ name: other, subjects: [`${name}.log.>`] });
    try {
      await failsWith("store", () => open().ready(), "another stream takes the subjects");
    } finally {
      await streams.delete(other);
    }
  });
});

/** Refuses to make a stream while the test says so, as a server does that has no room for it. */
function refuseStreams(connection: NatsConnection, refuses: (subject: string) => boolean): void {
  const { request } = connection;
  connection.request = async (subject, ...rest) => {
    if (!subject.includes(".STREAM.CREATE.") || !refuses(subject)) return request(subject, ...rest);
    throw new JetStreamApiError({ code: 500, err_code: 10049, description: "error creating store for stream" }); // as 2.9 answers
  };
}
