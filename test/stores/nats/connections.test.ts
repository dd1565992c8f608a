import assert from "node:assert/strict";
import { Bus, type Notification } from "nightbus";
import { nats } from "nightbus/nats";
import { describe, it } from "vitest";
import { failsWith, messagesOf, until } from "../../../src/testing/conformance/bus/topic.ts";
import { ManualClock } from "../../../src/testing/fake/manual-clock.ts";
import { gate } from "../../support/doubles.ts";
import { NATS_URL, natsRuns } from "../engines.ts";
import { testConnections } from "../suite/connections.ts";
import { asking, streams } from "./streams.ts";

describe("what nats() takes", () => {
  it("is a URL, options or a NatsConnection, and nothing else", async () => {
    for (const wrong of [undefined, null, "", 5, () => {}]) {
      await failsWith("bad_option", () => nats(wrong as unknown as string), "a URL, options of", "a NatsConnection");
    }
    await failsWith("bad_option", () => nats("nats://a b"), "must be a URL such as");
  });

  it("is a stream that can be named, and a number of replicas that there can be", async () => {
    for (const stream of ["", "a.b", "a b", "*", "x".repeat(201), 5]) {
      await failsWith("bad_option", () => nats("nats:", { stream: stream as string }), "a name of 1 to 200");
    }
    for (const replicas of [0, 6, 1.5, "3"]) {
      await failsWith("bad_option", () => nats("nats://a", { replicas: replicas as number }), "from 1 to 5");
    }
    await failsWith(
      "bad_option",
      () => nats("nats://a", { subject: "x" } as object),
      'no option "subject"',
      "replicas",
    );
  });
});

natsRuns(describe)("a bus on the application's NATS", () => {
  const { stream, server } = streams();

  it("leaves no subscription on it when the bus closes during a look", async () => {
    const place = stream();
    await place.settle();
    const { connection } = asking(await place.client());
    const clock = new ManualClock();
    const bus = place.bus({ clock }, connection);
    await bus.ready();
    const { request, subscribe } = connection;
    const held = gate();
    let subscribed = 0;
    connection.request = async (subject, ...rest) => {
      if (subject.includes(".STREAM.INFO.")) await held.promise;
      return request.call(connection, subject, ...rest);
    };
    connection.subscribe = (...given) => {
      subscribed += 1;
      return subscribe.apply(connection, given);
    };
    clock.advance(5_000);
    await bus.close();
    held.resolve();
    await new Promise((resolve) => setTimeout(resolve, 200));
    assert.equal(subscribed, 0);
  });

  testConnections({
    door: "nats",
    place() {
      const { name } = stream();
      const program = `nats(${JSON.stringify(NATS_URL)}, { stream: ${JSON.stringify(name)} })`;
      return { store: () => nats(NATS_URL, { stream: name }), programs: [{ store: program }] };
    },
  });

  it("uses its connection, and neither closes it nor leaves anything on it", async () => {
    const { bus: open, client } = stream();
    const connection = await client();
    const bus = open({}, connection);
    await bus.sendmany(Array.from({ length: 50 }, (_, index) => ["a", index] as const));
    await bus.close();
    assert.equal(connection.isClosed(), false);
    connection.subscribe("nightbus-test.echo", { callback: (_, message) => void message.respond("here") });
    assert.equal((await connection.request("nightbus-test.echo")).string(), "here");
  });

  it("takes options and several addresses, of which one answers", async () => {
    const { bus: open, name } = stream();
    const id = await open().sendone("a", 1);
    const { host } = new URL(NATS_URL);
    for (const connection of [{ servers: [host], name: "nightbus" }, `nats://127.0.0.1:1,nats://${host}`]) {
      await using bus = new Bus({ store: nats(connection, { stream: name }) });
      assert.deepEqual(messagesOf(await bus.poll(["a"], id - 1, 0)), [1]);
    }
  });

  it("takes what a message of the server holds, and rejects a send that is larger alone", async () => {
    const { bus: open } = stream();
    const bus = open({ maxMessage: 2 ** 24 });
    const sends = [bus.sendone("a", 1), bus.sendone("a", "x".repeat(2 ** 21)), bus.sendone("a", 2)];
    const [first, large, second] = await Promise.allSettled(sends);
    assert.deepEqual([first?.status, large?.status, second?.status], ["fulfilled", "rejected", "fulfilled"]);
    const { reason } = large as PromiseRejectedResult;
    assert.match(reason.message, /at most \d+ bytes \(max_payload\).*send it in parts/);
    assert.deepEqual([reason.code, reason.refused], ["bad_message", true]);
    await failsWith("bad_message", () => bus.sendone("a", "x".repeat(2 ** 21)), "send it in parts");
    const half = "x".repeat(600_000);
    await Promise.all([bus.sendone("b", half), bus.sendone("b", half), bus.sendone("b", half)]);
    assert.deepEqual(messagesOf(await open().poll(["a", "b"], 0, 0)), [1, 2, half, half, half]);
    const tiny = Array.from({ length: 150_000 }, () => ["c", 1] as const);
    await failsWith("bad_message", () => bus.sendmany(tiny), "this send takes", "send it in parts");
  });

  it("rejects a send that is larger than the stream has come to take, alone and at once", async () => {
    const { bus: open, manager, name } = stream();
    const bus = open();
    await bus.sendone("a", 1);
    await (await manager()).streams.update(name, { max_msg_size: 2_000 });
    const sends = [bus.sendone("a", "x".repeat(5_000)), bus.sendone("a", 2)];
    await failsWith("bad_message", () => sends[0], "send it in parts");
    await sends[1];
    assert.deepEqual(messagesOf(await bus.poll(["a"], 0, 0)), [1, 2]);
  });

  it("lets a consumer go past a failure whose message is too large for the server", async () => {
    const { bus: open, manager, name } = stream();
    const bus = open();
    const errors: Error[] = [];
    bus.on("error", (error) => errors.push(error));
    await bus.ready();
    await (await manager()).streams.update(name, { max_msg_size: 3_000 });
    const bad = await bus.sendone("a", "x".repeat(2_700));
    await bus.sendone("a", "good");
    const seen: unknown[] = [];
    const handler = ({ message }: Notification): void => {
      if (message !== "good") throw new Error("spoilt");
      seen.push(message);
    };
    bus.consume("mailer", ["a"], handler, { attempts: 1, onFailure: "failed", from: "start" });
    await until(() => seen.length === 1, "it went on");
    const failed = messagesOf(await bus.poll(["failed"], 0, 0));
    assert.deepEqual(failed, [{ consumer: "mailer", id: bad, channel: "a", error: "spoilt", attempts: 1 }]);
    assert.deepEqual(errors, []);
  });

  it("says what somebody else has published where its log is, and goes on", async () => {
    const { bus: open, client, name } = stream();
    const connection = await client();
    const asked = asking(connection);
    const subjects: string[] = [];
    asked.loses = (subject) => subjects.push(subject) < 0;
    const [bus, other] = [open({}, asked.connection), open()];
    const errors: string[] = [];
    other.on("error", ({ message }) => errors.push(message));
    await other.ready();
    await bus.sendone("a", 1);
    const log = subjects.find((subject) => subject.startsWith(`${name}.log.`));
    assert.ok(log !== undefined);
    await connection.request(log, "what is this?");
    await bus.sendone("a", 2);
    await other.sendone("a", 3);
    for (const each of [bus, other, open()]) {
      assert.deepEqual(messagesOf(await each.poll(["a"], 0, 0)).slice(0, 2), [1, 2]);
    }
    assert.match(errors.join(), /message 2 is none of this nightbus/);
  });

  it("sends and hears over a link on which one message takes longer than any answer is waited for", async () => {
    const { bus: open, proxy: way } = await server();
    const [up, down] = [await way(), await way()];
    const [sender, reader] = [open({}, up.url), open({}, down.url)];
    const errors: Error[] = [];
    for (const bus of [sender, reader]) bus.on("error", (error) => errors.push(error));
    await Promise.all([sender.ready(), reader.ready()]);
    for (const { proxy } of [up, down]) proxy.throttle(100_000);
    const started = performance.now();
    const message = "x".repeat(350_000);
    const [id, batch] = await Promise.all([sender.sendone("a", message), reader.poll(["a"], reader.last, 30_000)]);
    assert.ok(performance.now() - started > 3_000, "it took its time");
    assert.deepEqual([batch[0]?.id, batch[0]?.message === message], [id, true]);
    assert.ok(up.proxy.forwarded < 900_000, "it was sent once, and came back once as to everybody");
    assert.ok(down.proxy.forwarded < 500_000, "and read once");
    assert.deepEqual(errors, []);
    for (const { proxy } of [up, down]) proxy.restore();
  });
});
