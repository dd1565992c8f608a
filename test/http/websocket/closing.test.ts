import { once } from "node:events";
import { connect } from "node:net";
import { describe, expect, it } from "vitest";
import { turns, until } from "../../../src/testing/conformance/bus/topic.ts";
import { gate, StoreDouble } from "../../support/doubles.ts";
import { makeBed } from "./bed.ts";

describe("a socket closes", () => {
  it("with 4001 when its session has ended, at the next frame or the next dispatch", async () => {
    let isAlive = true;
    const bed = await makeBed({ alive: () => isAlive });
    const [speaking, hearing] = [await bed.reader(["a"]), await bed.reader(["b"])];
    isAlive = false;
    speaking.subscribe(["a"]);
    expect(await speaking.end()).toEqual([4001, "SESSION_EXPIRED"]);
    await bed.bus.sendone("b", 1);
    expect(await hearing.end()).toEqual([4001, "SESSION_EXPIRED"]);
    expect([hearing.frames, bed.errors, bed.bus.stats().sockets]).toEqual([[], [], 0]);
  });

  it("with 4001 at a binary frame too, by which pages of version 19 keep it open", async () => {
    let isAlive = true;
    const bed = await makeBed({ alive: () => isAlive });
    const client = await bed.reader(["a"]);
    isAlive = false;
    client.socket.send(Buffer.from([0]));
    expect(await client.end()).toEqual([4001, "SESSION_EXPIRED"]);
  });

  it("with 4001 before a status is given again, if the session ended while the hook was asked", async () => {
    let isAlive = true;
    const bed = await makeBed({
      alive: () => isAlive,
      channels: async () => {
        isAlive = false;
        return [["res.partner", 3, "presence"]];
      },
    });
    await bed.bus.sendone(["res.partner", 3, "presence"], { type: "status", payload: "online" });
    const client = await bed.open("/websocket?version=18.0-4");
    client.subscribe(["odoo-presence-res.partner_3"], bed.bus.last);
    expect(await client.end()).toEqual([4001, "SESSION_EXPIRED"]);
    expect(client.frames).toEqual([]);
  });

  it("with 4001 when the channels hook answers 401", async () => {
    const bed = await makeBed({
      channels: () => {
        throw Object.assign(new Error("gone"), { status: 401 });
      },
    });
    const client = await bed.open();
    client.subscribe(["a"]);
    expect(await client.end()).toEqual([4001, "SESSION_EXPIRED"]);
    expect(bed.errors).toEqual([]);
  });

  it("with 1011 when `alive` fails or answers nothing at once, and the fault is reported", async () => {
    const answers = [
      () => {
        throw new Error("a bug");
      },
      () => Promise.resolve(true) as never,
      () => Promise.reject(new Error("a bug")) as never, // and no rejection is left unhandled
    ];
    for (const alive of answers) {
      const bed = await makeBed({ alive });
      const client = await bed.open();
      client.subscribe(["a"]);
      expect(await client.end()).toEqual([1011, "SERVER_ERROR"]);
      expect(bed.errors).toHaveLength(1);
    }
  });

  it("with 4002 at the end of its life, between maxAge and half as much again", async () => {
    const bed = await makeBed({ maxAge: 100_000, heartbeat: Number.POSITIVE_INFINITY });
    const clients = await Promise.all(Array.from({ length: 20 }, () => bed.open()));
    bed.clock.advance(99_999);
    await turns(6);
    expect(bed.bus.stats().sockets).toBe(20);
    bed.clock.advance(25_000);
    await turns(6);
    expect(bed.bus.stats().sockets).toBeGreaterThan(0);
    bed.clock.advance(25_001);
    for (const client of clients) expect(await client.end()).toEqual([4002, "KEEP_ALIVE_TIMEOUT"]);
  });

  it("with 1013 beyond ten frames at once and one each 0.2 s", async () => {
    const bed = await makeBed();
    const client = await bed.open();
    for (let n = 0; n < 10; n += 1) client.say("unknown", n);
    await turns(6);
    for (let n = 0; n < 20; n += 1) {
      bed.clock.advance(200);
      client.say("unknown", n);
      await turns(6);
    }
    expect(client.closed).toBeUndefined();
    client.say("unknown", 0);
    expect(await client.end()).toEqual([1013, "TRY_LATER"]);
  });

  it("with 1013 for a flood of pings, or of pongs that nobody asked for", async () => {
    const bed = await makeBed();
    for (const frame of ["ping", "pong"] as const) {
      const client = await bed.open();
      for (let n = 0; n < 11; n += 1) client.socket[frame]();
      expect(await client.end()).toEqual([1013, "TRY_LATER"]);
    }
  });

  it("with 1013 when too many subscriptions wait, or the hook takes too long", async () => {
    const bed = await makeBed({ maxWaiting: 1, channels: () => new Promise(() => {}) });
    const [first, second] = [await bed.open(), await bed.open()];
    first.subscribe(["a"]);
    await turns(6);
    second.subscribe(["a"]);
    expect(await second.end()).toEqual([1013, "TRY_LATER"]);
    bed.clock.advance(10_001);
    expect(await first.end()).toEqual([1013, "TRY_LATER"]);
    expect(bed.errors.map(({ message }) => message)).toEqual([expect.stringContaining("hookTimeout")]);
  });

  it("with 1013 for no subscription that waited for the store, and whose client has gone", async () => {
    const store = new StoreDouble();
    const bed = await makeBed({ maxWaiting: 1 }, { store });
    const synced = gate();
    store.syncing = () => synced.promise;
    const ahead = bed.bus.last + 1;
    const [gone, stays] = [await bed.open(), await bed.open()];
    gone.subscribe(["a"], ahead);
    await until(() => store.syncs > 0, "it waits for the store");
    gone.socket.terminate();
    await until(() => bed.bus.stats().sockets === 1, "its client goes");
    stays.subscribe(["a"], ahead);
    await turns(6);
    synced.resolve();
    await turns(6);
    expect(stays.closed).toBeUndefined();
    await bed.bus.sendone("a", 1);
    await stays.has(1);
  });

  it("with 1009 for a frame beyond 1 MiB, also in parts", async () => {
    const bed = await makeBed();
    const [whole, parts] = [await bed.open(), await bed.open()];
    whole.socket.send("x".repeat(2 ** 20 + 1));
    expect((await whole.end())[0]).toBe(1009);
    parts.socket.send("x".repeat(2 ** 19), { fin: false });
    parts.socket.send("x".repeat(2 ** 19 + 1), { fin: true });
    expect((await parts.end())[0]).toBe(1009);
    await until(() => bed.bus.stats().sockets === 0, "the server notices the ends, which the library began");
    expect(bed.bus.stats().badFrames).toBe(2);
  });

  it("with 1001 when the bus closes, after what was sent", async () => {
    const bed = await makeBed();
    const client = await bed.reader(["a"]);
    void bed.bus.sendone("a", "last");
    await bed.bus.close();
    expect(await client.end()).toEqual([1001, "GOING_AWAY"]);
    expect(client.payloads).toEqual(["last"]);
    expect((await bed.refused()).status).toBe(503);
  });

  it("with 1001 when the mount closes, and the bus goes on", async () => {
    const bed = await makeBed();
    const client = await bed.reader(["a"]);
    bed.sockets.close();
    bed.sockets.close();
    expect(await client.end()).toEqual([1001, "GOING_AWAY"]);
    expect(await bed.refused()).toMatchObject({ status: 503, headers: { "retry-after": "5" } });
    await bed.bus.sendone("a", 1);
  });

  it("within a second of the end, also if the client answers no close", async () => {
    const bed = await makeBed();
    const socket = connect(bed.port, "127.0.0.1");
    const lines = ["GET /websocket HTTP/1.1", "Host: x", "Connection: Upgrade", "Upgrade: websocket"];
    lines.push("Sec-WebSocket-Version: 13", "Sec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==", "", "");
    socket.write(lines.join("\r\n"));
    await once(socket, "data");
    await bed.bus.close();
    const ended = once(bed.server.close(), "close");
    await turns(6);
    bed.clock.advance(999);
    await turns(6);
    expect(socket.readableEnded).toBe(false);
    bed.clock.advance(1);
    await ended;
    socket.destroy();
  });

  it.each([
    ["17.0-1", "/websocket?version=17.0-1", true],
    ["17.0-1", "/websocket?version=16.0-1", false],
    ["17.0-1", "/websocket", false],
    [(version: string | undefined) => version === undefined, "/websocket", true],
    [(version: string | undefined) => version === undefined, "/websocket?version=19.0-2", false],
  ])("for good when the server's version is %s and the address %s (it fits: %s)", async (version, path, fits) => {
    const bed = await makeBed({ version });
    const client = await bed.open(path);
    if (fits) {
      await bed.settled(client);
      expect(client.closed).toBeUndefined();
    } else {
      expect(await client.end()).toEqual([1000, "OUTDATED_VERSION"]);
    }
  });

  it.each([
    ["a promise", () => Promise.resolve(false) as never],
    ["a promise that rejects", () => Promise.reject(new Error("a bug")) as never],
    ["nothing", () => undefined as never],
  ])("for no version when the option version answers %s, and the fault is reported", async (_, version) => {
    const bed = await makeBed({ version });
    const client = await bed.open("/websocket?version=17.0-1");
    await bed.settled(client);
    expect(client.closed).toBeUndefined();
    expect(bed.errors.map(({ message }) => message)).toEqual(["the option version of the WebSockets failed"]);
  });

  it("with 1011 when a write fails, which is reported", async () => {
    const bed = await makeBed();
    const client = await bed.reader(["a"]);
    const { stringify } = JSON;
    JSON.stringify = (value: unknown, ...more: never[]) => {
      if (value === "tuple") throw new Error("a bug");
      return stringify(value, ...more);
    };
    try {
      const other = await makeBed({ channels: () => [["tuple", 1]] });
      const reader = await other.reader([]);
      await other.bus.sendone(["tuple", 1], 1);
      expect((await reader.end())[0]).toBe(1011);
      expect(other.errors).toHaveLength(1);
    } finally {
      JSON.stringify = stringify;
    }
    expect(client.closed).toBeUndefined();
  });
});

describe("a silent client", () => {
  it.each([
    ["/websocket", 45_000],
    ["/websocket?version=18.0-4", 45_000],
    ["/websocket?version=19.0-2", 40_000],
  ])("at %s gets a ping after %d ms, and is kept for its pong", async (path, silence) => {
    const bed = await makeBed();
    const client = await bed.open(path);
    bed.clock.advance(silence - 1);
    await turns(6);
    expect(client.pings).toBe(0);
    bed.clock.advance(1);
    await until(() => client.pings === 1, "a ping comes");
    await turns(6);
    await bed.pass(silence - 1_000);
    expect([client.pings, client.closed]).toEqual([1, undefined]);
    await bed.pass(20_000);
    expect([client.pings, client.closed]).toEqual([2, undefined]);
  });

  it("gets no ping while it speaks", async () => {
    const bed = await makeBed();
    const client = await bed.open();
    for (let n = 0; n < 10; n += 1) {
      client.socket.send(new Uint8Array([0]));
      await bed.pass(30_000, 10_000);
    }
    expect([client.pings, bed.bus.stats().badFrames]).toEqual([0, 0]);
  });

  it("is dropped 15 s after a ping without an answer", async () => {
    const bed = await makeBed();
    const client = await bed.open("/websocket", {}, { autoPong: false });
    await bed.pass(59_000);
    expect([client.pings, client.closed]).toEqual([1, undefined]);
    await bed.pass(1_000);
    expect((await client.end())[0]).toBe(1006);
    expect(bed.bus.stats().sockets).toBe(0);
  });
});

describe("a bad frame", () => {
  it.each([
    "no json",
    "[]",
    "null",
    "5",
    "{}",
    '{"event_name":5}',
    '{"event_name":"subscribe"}',
    '{"event_name":"subscribe","data":{"channels":"a"}}',
    '{"event_name":"subscribe","data":{"channels":["a",5]}}',
    '{"event_name":"subscribe","data":{"channels":[["a",1]]}}',
    '{"event_name":"subscribe","data":{"channels":[""]}}',
    '{"event_name":"subscribe","data":{"channels":["a"],"last":-1}}',
    '{"event_name":"subscribe","data":{"channels":["a"],"last":"5"}}',
    '{"event_name":"subscribe","data":{"channels":["a"],"last":1.5}}',
    '{"event_name":"update_presence","data":{}}',
    '{"event_name":"update_presence","data":{"inactivity_period":-1}}',
    `{"event_name":"subscribe","data":{"channels":["${"x".repeat(257)}"]}}`,
    `{"event_name":"subscribe","data":{"channels":[${'"x",'.repeat(1_000)}"x"]}}`,
    new Uint8Array([1]),
    new Uint8Array([0, 0]),
  ])("%s is counted, and changes nothing", async (frame) => {
    const bed = await makeBed();
    const client = await bed.reader(["a"]);
    client.socket.send(frame);
    await bed.settled(client);
    await bed.bus.sendone("a", 1);
    await client.has(1);
    expect([bed.bus.stats().badFrames, client.closed, bed.errors]).toEqual([1, undefined, []]);
  });

  it("is no event that the server does not know, nor the keep-alive of version 19", async () => {
    const bed = await makeBed();
    const client = await bed.reader(["a"]);
    client.say("unknown", null);
    client.say("update_presence", { inactivity_period: 5, im_status_ids_by_model: {} });
    client.socket.send(new Uint8Array([0]));
    await bed.settled(client);
    expect([bed.bus.stats().badFrames, client.closed]).toEqual([0, undefined]);
  });
});
