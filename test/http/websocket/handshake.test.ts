import { once } from "node:events";
import { connect } from "node:net";
import type { Duplex } from "node:stream";
import { websocket } from "nightbus/websocket";
import pDefer from "p-defer";
import { describe, expect, it } from "vitest";
import WebSocket, { WebSocketServer } from "ws";
import { turns, until } from "../../../src/testing/conformance/bus/topic.ts";
import { type Bed, makeBed } from "./bed.ts";
import { handshake, rawSocket } from "./raw.ts";

describe("a handshake", () => {
  it.each([
    ["none", {}, {}],
    ["its own host", { origin: "http://shop.example:8069", host: "shop.example:8069" }, {}],
    ["its own host behind a proxy that speaks TLS", { origin: "https://shop.example", host: "shop.example" }, {}],
    ["its own host with the default port", { origin: "https://shop.example", host: "shop.example:443" }, {}],
    ["one that cors names", { origin: "https://a.example", cookie: "session=1" }, { origin: "https://a.example" }],
    ["one that a function allows", { origin: "https://a.example" }, { origin: () => true }],
    ["any, without cookies", { origin: "https://a.example" }, { origin: "*" }],
  ])("is completed for the origin: %s", async (_, headers, cors) => {
    const bed = await makeBed("origin" in cors ? { cors: cors as never } : {});
    const client = await bed.open("/websocket", headers);
    expect(client.closed).toBeUndefined();
  });

  it.each([
    ["another host", { origin: "https://a.example" }, undefined],
    ["another port", { origin: "http://shop.example:81", host: "shop.example" }, undefined],
    [
      "a host that a proxy would vouch for",
      { origin: "https://a.example", "x-forwarded-host": "a.example" },
      undefined,
    ],
    ["null", { origin: "null" }, undefined],
    ["no address", { origin: "http://" }, undefined],
    ["one that cors does not name", { origin: "https://b.example" }, { origin: "https://a.example" }],
    ["one that a function allows later", { origin: "https://a.example" }, { origin: (async () => true) as never }],
    ["any, with cookies", { origin: "https://a.example", cookie: "session=1" }, { origin: "*" }],
  ])("is refused with 403 and a sentence for the origin: %s", async (_, headers, cors) => {
    const bed = await makeBed(cors === undefined ? {} : { cors });
    const refused = await bed.refused("/websocket", headers as Record<string, string>);
    expect([refused.status, JSON.parse(refused.text).error.code]).toEqual([403, "refused"]);
  });

  it("is refused with 426 for another version of the protocol, and with 400 for anything else", async () => {
    const bed = await makeBed();
    const version = await answerTo(bed, handshake({ "Sec-WebSocket-Version": "8" }));
    expect(version).toMatch(/^HTTP\/1\.1 426 .*\r\nSec-WebSocket-Version: 13\r\n/s);
    for (const request of [
      handshake({ "Sec-WebSocket-Key": "short" }),
      handshake({ Upgrade: "h2c" }),
      handshake({}).replace("GET", "POST"),
      "GET /websocket HTTP/1.1\r\nHost: x\r\n\r\n",
    ]) {
      expect(await answerTo(bed, request)).toMatch(/^HTTP\/1\.1 400 Bad Request\r\n/);
    }
    expect(bed.errors).toEqual([]);
  });

  it("is refused with 503 beyond maxSockets, and with 429 beyond those of a user", async () => {
    const bed = await makeBed({
      maxSockets: 3,
      maxSocketsPerUser: 2,
      user: ({ headers }) => headers["x-user"] as string | undefined,
    });
    const [first] = [
      await bed.open("/websocket", { "x-user": "ann" }),
      await bed.open("/websocket", { "x-user": "ann" }),
    ];
    expect(await bed.refused("/websocket", { "x-user": "ann" })).toMatchObject({
      status: 429,
      headers: { "retry-after": "5" },
    });
    await bed.open();
    expect(await bed.refused()).toMatchObject({ status: 503, headers: { "retry-after": "5" } });
    first.socket.terminate();
    await until(() => bed.bus.stats().sockets === 2, "a socket goes");
    await bed.open("/websocket", { "x-user": "ann" });
  });

  it("counts while its user is asked for, and not once it was refused or its client has gone", async () => {
    const users = [pDefer<string>(), pDefer<string>()];
    let asked = 0;
    const bed = await makeBed({ maxSockets: 1, user: () => users[asked++]?.promise });
    const gone = await rawSocket(bed.port, handshake({}));
    await until(() => asked === 1, "the user is asked for");
    expect((await bed.refused()).status).toBe(503);
    gone.destroy();
    await turns();
    users[0]!.resolve("ann");
    await turns();
    const failing = bed.refused();
    await until(() => asked === 2, "the next user is asked for");
    users[1]!.reject(new Error("a bug"));
    expect((await failing).status).toBe(500);
    expect(bed.errors).toHaveLength(1);
    await bed.open();
  });

  it.each([
    ["throws", () => Promise.reject(Object.assign(new Error("no"), { status: 401 })), 401, 0],
    ["is no user", () => ({}) as never, 500, 1],
  ])("is refused when the user hook %s", async (_, user, status, errors) => {
    const bed = await makeBed({ user });
    expect((await bed.refused()).status).toBe(status);
    expect(bed.errors).toHaveLength(errors);
  });

  it.each([
    ["at once", {}],
    ["after its user was asked for", { user: async () => undefined }],
  ])("counts no longer once ws has refused it %s, for another mount took it", async (_, options) => {
    const bed = await makeBed();
    bed.server.on("upgrade", websocket(bed.bus, { maxSockets: 1, ...options }).upgrade);
    for (const count of [1, 2]) {
      await bed.open();
      await until(() => bed.errors.length === count, "the second mount fails");
    }
    expect(bed.errors.map(({ message }) => message)).toEqual(Array(2).fill(expect.stringMatching(/more than once/)));
  });

  it("is completed with the frames that came right behind it", async () => {
    const user = pDefer<string>();
    const bed = await makeBed({ user: () => user.promise });
    const socket = await rawSocket(bed.port, handshake({}));
    socket.write(Buffer.from([0x89, 0x80, 0, 0, 0, 0])); // a ping
    await turns(6);
    user.resolve("ann");
    let heard = Buffer.alloc(0);
    socket.on("data", (chunk) => {
      heard = Buffer.concat([heard, chunk]);
    });
    await until(() => heard.includes(Buffer.from([0x8a, 0])), "a pong comes");
    socket.destroy();
  });
});

describe("an upgrade on another path", () => {
  it("is answered 404 if nobody else listens", async () => {
    const bed = await makeBed();
    expect(await bed.refused("/elsewhere")).toMatchObject({ status: 404 });
    expect(await bed.refused("/websocket/health")).toMatchObject({ status: 404 });
  });

  it("belongs to another listener", async () => {
    const bed = await makeBed();
    const other = new WebSocketServer({ noServer: true });
    bed.server.on("upgrade", (request, socket, head) => {
      if (request.url === "/other") other.handleUpgrade(request, socket, head, (client) => client.send("other"));
    });
    const foreign = new WebSocket(bed.url("/other"));
    expect(String((await once(foreign, "message"))[0])).toBe("other");
    const client = await bed.reader(["a"]);
    await bed.bus.sendone("a", 1);
    await client.has(1);
    await bed.pass(11_000);
    expect(foreign.readyState).toBe(WebSocket.OPEN);
    foreign.terminate();
  });

  it("is answered 404 after 10 s if no listener of several touches it", async () => {
    const bed = await makeBed();
    const read: Duplex[] = [];
    bed.server.on("upgrade", (request, socket) => {
      if (request.url === "/read") read.push(socket.on("data", () => {}).on("end", () => socket.end()));
    });
    const answer = bed.refused("/nowhere");
    const reading = await rawSocket(bed.port, handshake({}).replace("/websocket", "/read"));
    await until(() => read.length === 1, "another listener reads");
    await bed.pass(12_000);
    expect(await answer).toMatchObject({ status: 404 });
    expect(read[0]?.writableEnded, "another reads it").toBe(false);
    reading.destroy();
  });

  it("is left to another mount of the server, also while the hook of that mount waits for long", async () => {
    const bed = await makeBed();
    const asked = pDefer<string>();
    const user = (): Promise<string> => asked.promise;
    const other = websocket(bed.bus, { path: "/other", user, hookTimeout: 60_000 });
    bed.server.on("upgrade", other.upgrade);
    const opening = once(new WebSocket(bed.url("/other")), "open");
    opening.catch(() => {}); // awaited below
    let upgrades = 0;
    bed.server.on("upgrade", () => {
      upgrades += 1;
    });
    await until(() => upgrades === 1, "the upgrade comes");
    await bed.pass(12_000);
    asked.resolve("ann");
    await opening;
    other.close();
  });

  it("may be reset before any listener of several touches it", async () => {
    const bed = await makeBed();
    for (const path of ["/other", "/another"]) bed.server.on("upgrade", websocket(bed.bus, { path }).upgrade);
    let untouched: Duplex | undefined;
    bed.server.on("upgrade", (_, socket) => {
      untouched = socket;
    });
    const client = await rawSocket(bed.port, handshake({}).replace("/websocket", "/nowhere"));
    await until(() => untouched !== undefined, "the upgrade comes");
    expect(untouched!.listenerCount("error"), "once, however many mounts there are").toBe(1);
    client.resetAndDestroy();
    await until(() => untouched!.destroyed, "the server hears of it");
    await turns();
  });

  it("is returned as not taken to a listener of the application's own", async () => {
    const bed = await makeBed();
    bed.server.removeAllListeners("upgrade");
    const taken: boolean[] = [];
    bed.server.on("upgrade", (request, socket, head) => {
      const isOurs = bed.sockets.upgrade(request, socket, head);
      taken.push(isOurs);
      if (!isOurs) socket.end("HTTP/1.1 418 Teapot\r\nConnection: close\r\n\r\n");
    });
    await bed.open();
    expect((await bed.refused("/elsewhere")).status).toBe(418);
    expect(taken).toEqual([true, false]);
  });

  it("is taken on the path that the application states", async () => {
    const bed = await makeBed({ path: "/shop/socket" });
    await bed.open("/shop/socket?version=18.0-4");
    expect((await bed.refused("/websocket")).status).toBe(404);
  });
});

async function answerTo(bed: Bed, request: string): Promise<string> {
  const socket = connect(bed.port, "127.0.0.1").setEncoding("latin1");
  let text = "";
  socket.on("data", (chunk) => {
    text += chunk;
  });
  socket.write(request.replace("Host: x", "Host: x\r\nConnection: close"));
  await once(socket, "close");
  return text;
}
