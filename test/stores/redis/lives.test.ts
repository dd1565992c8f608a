import assert from "node:assert/strict";
import { Bus } from "nightbus";
import { redis } from "nightbus/redis";
import { describe, it, onTestFinished } from "vitest";
import { messagesOf, turns, until } from "../../../src/testing/conformance/bus/topic.ts";
import { TcpProxy } from "../../system/cluster/proxy.ts";
import { type Server, serverRuns, startRedis, startServer } from "./servers.ts";

const FOREVER = Number.POSITIVE_INFINITY;

/** A bus on a server, which ends with the test. Failures in the background are expected meanwhile. */
function open(server: Pick<Server, "url">): Bus {
  const bus = new Bus({ store: redis(server.url) });
  bus.on("error", () => {});
  onTestFinished(() => bus.close());
  return bus;
}

async function reads(bus: Bus, last: number): Promise<readonly [messages: readonly unknown[], missed: boolean]> {
  const batch = await bus.poll(["a"], last, 0);
  return [messagesOf(batch), batch.missed];
}

/** Sends until one is committed: those before may have met a connection that was lost. */
async function sends(bus: Bus, message: unknown): Promise<number> {
  for (;;) {
    try {
      return await bus.sendone("a", message);
    } catch (error) {
      assert.equal((error as { code?: unknown }).code, "store");
    }
  }
}

serverRuns(describe)("a log on Redis in another life", () => {
  it("goes on after a restart, and its cursors are what they were; ids begin a new run", async () => {
    const server = await startServer();
    const bus = open(server);
    const id = await bus.sendone("a", 1);
    const poll = bus.poll(["a"], id, FOREVER);
    await server.instance.stop("SIGKILL");
    await server.instance.start();
    const next = await sends(bus, 2);
    assert.ok(next > id + 1_000, "at the clock: the server may have lost what it had given out");
    const batch = await poll;
    assert.deepEqual([messagesOf(batch), batch.missed], [[2], false]);
    assert.deepEqual(await reads(open(server), id), [[2], false]);
    assert.deepEqual(await reads(open(server), id + 1), [[2], true], "an id that was never given out");
  });

  it("is another one when the server was restarted without persistence: all that came before is missed", async () => {
    const server = await startServer(["--appendonly", "no"]);
    const [bus, other] = [open(server), open(server)];
    const id = await bus.sendone("a", "lost");
    await until(() => other.last === id, "the other has heard of it");
    const poll = other.poll(["a"], id, FOREVER);
    await server.instance.stop("SIGKILL");
    await server.instance.start();
    const next = await sends(bus, "new");
    assert.ok(next > id);
    assert.equal((await poll).missed, true);
    await until(() => other.last === next, "the other has caught up");
    for (const each of [bus, other, open(server)]) assert.deepEqual(await reads(each, id), [["new"], true]);
    assert.deepEqual(await reads(other, next), [[], false]);
  });

  it("is another one after FLUSHALL, also for who only waits", async () => {
    const server = await startServer();
    const [bus, other] = [open(server), open(server)];
    const id = await bus.sendone("a", "lost");
    await until(() => other.last === id, "the other has heard of it");
    const poll = other.poll(["a"], id, FOREVER);
    await (await server.client()).flushAll();
    const before = performance.now();
    assert.equal((await poll).missed, true, "nobody sends, and yet it is noticed");
    assert.ok(performance.now() - before < 6_000, "within five seconds");
    const next = await bus.sendone("a", "new");
    await until(() => other.last === next, "the other has heard of it");
    for (const each of [bus, other, open(server)]) assert.deepEqual(await reads(each, id), [["new"], true]);
  });

  it("has missed what a server that went on from an older copy does not have, and nothing else", async () => {
    const server = await startServer();
    const replica = await startRedis();
    const second = await server.client(replica);
    const [bus, lagging] = [open(server), open(server)];
    const kept = await bus.sendone("a", "kept");
    await second.sendCommand(["REPLICAOF", "127.0.0.1", `${server.instance.port}`]);
    await synced(second);
    const also = await bus.sendone("a", "also kept");
    while ((await second.xLen("{nightbus}:log")) < 2) await turns(1); // WAIT waits for what its own connection has written
    await second.sendCommand(["REPLICAOF", "NO", "ONE"]);
    await until(() => lagging.last === also, "the other has heard of it");
    const gone = await bus.sendone("a", "gone");
    await until(() => lagging.last === gone, "the other has heard of that, too");
    const poll = lagging.poll(["a"], gone, FOREVER);
    server.target = replica;
    server.proxy.cut();
    const next = await sends(bus, "new");
    assert.ok(next > gone, "no id is given out again");
    assert.equal((await poll).missed, true);
    await until(() => lagging.last === next, "the other has caught up");
    for (const each of [bus, lagging, open(server)]) {
      assert.deepEqual(await reads(each, gone), [["new"], true]);
      assert.deepEqual(await reads(each, also), [["new"], false]);
      assert.deepEqual(await reads(each, kept), [["also kept", "new"], false]);
    }
  });

  it("tells who waits that an older copy goes on, also while nobody sends", async () => {
    const server = await startServer();
    const replica = await startRedis();
    const second = await server.client(replica);
    const bus = open(server);
    const kept = await bus.sendone("a", "kept");
    await second.sendCommand(["REPLICAOF", "127.0.0.1", `${server.instance.port}`]);
    await synced(second);
    await second.sendCommand(["REPLICAOF", "NO", "ONE"]);
    const gone = await bus.sendone("a", "gone");
    const poll = bus.poll(["a"], gone, FOREVER);
    server.target = replica;
    server.proxy.cut();
    assert.equal((await poll).missed, true);
    assert.equal(bus.last, kept);
    assert.deepEqual(await reads(bus, gone), [["kept"], true], "it lies after all there is");
  });

  it("finds the server that writes when the one that did has become a replica", async () => {
    const server = await startServer();
    const replica = await startRedis();
    const [primary, second] = [await server.client(), await server.client(replica)];
    const bus = open(server);
    const id = await bus.sendone("a", 1);
    await second.sendCommand(["REPLICAOF", "127.0.0.1", `${server.instance.port}`]);
    await synced(second);
    await second.sendCommand(["REPLICAOF", "NO", "ONE"]);
    await primary.sendCommand(["REPLICAOF", "127.0.0.1", `${replica.port}`]);
    server.target = replica; // and the connections that there are still lead to the first
    const next = await bus.sendone("a", 2);
    assert.deepEqual(await reads(bus, id), [[2], false]);
    const other = open(server);
    await other.ready();
    assert.equal(other.last, next);
  });

  it("is read from the server that writes, also by a bus that sends nothing", async () => {
    const server = await startServer();
    const replica = await startRedis();
    const [old, second] = [await server.client(), await server.client(replica)];
    const reader = open(server);
    await reader.sendone("a", "kept");
    await second.sendCommand(["REPLICAOF", "127.0.0.1", `${server.instance.port}`]);
    await synced(second);
    await second.sendCommand(["REPLICAOF", "NO", "ONE"]);
    server.target = replica; // the connection that is there still leads to the first
    const way = await TcpProxy.open(() => replica.port);
    onTestFinished(() => way.close());
    await old.sendCommand(["REPLICAOF", "127.0.0.1", `${way.port}`]);
    await synced(old);
    way.halfOpen(); // the replica lags from now on
    const next = await open({ url: replica.connection() }).sendone("a", "next");
    await until(() => reader.last === next, "it is heard");
    assert.deepEqual(await reads(reader, next + 1), [["kept", "next"], true], "a position beyond asks the engine");
    assert.deepEqual([await reads(reader, next), reader.last], [[[], false], next]);
  });

  it.each([
    ["does not tell what is sent elsewhere", false],
    ["tells what others send to it", true],
  ])("leaves a server that had written before a failover, and still lives, where it %s", async (_, isUsed) => {
    const server = await startServer();
    const replica = await startRedis();
    const [old, second] = [await server.client(), await server.client(replica)];
    const bus = open(server);
    const kept = await bus.sendone("a", "kept");
    await second.sendCommand(["REPLICAOF", "127.0.0.1", `${server.instance.port}`]);
    await synced(second);
    await second.sendCommand(["REPLICAOF", "NO", "ONE"]);
    server.target = replica;
    const connections = async (): Promise<readonly string[]> => {
      const list = String(await old.sendCommand(["CLIENT", "LIST"])).split("\n");
      return list.filter((line) => / cmd=(xread|evalsha|eval) /.test(line));
    };
    while (!(await connections()).some((line) => line.includes("cmd=xread"))) await turns(1);
    for (const line of await connections()) {
      const [, id] = /^id=(\d+)/.exec(line)!;
      if (!line.includes("cmd=xread")) await old.sendCommand(["CLIENT", "KILL", "ID", id!]); // the poll still waits there
    }
    const first = await sends(bus, "new");
    if (isUsed) {
      const stray = open({ url: server.instance.connection() });
      await stray.sendone("a", "stray");
      await stray.close();
    }
    while ((await connections()).length > 0) await turns(1);
    const other = open({ url: replica.connection() });
    const next = await other.sendone("a", "more");
    await until(() => bus.last === next, "it is heard");
    assert.deepEqual(await reads(bus, first), [["more"], false]);
    assert.deepEqual(await reads(bus, kept), [["new", "more"], false]);
  });
});

/** Resolves when a replica has all that its primary had. */
async function synced(replica: { sendCommand(command: string[]): Promise<unknown> }): Promise<void> {
  let isUp = false;
  await until(() => {
    void replica.sendCommand(["INFO", "replication"]).then((info) => {
      isUp = /master_link_status:up/.test(String(info));
    });
    return isUp;
  }, "it is a copy");
}
