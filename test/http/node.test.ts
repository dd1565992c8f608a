import { once } from "node:events";
import type { IncomingMessage, ServerResponse } from "node:http";
import type { Socket } from "node:net";
import { expect, it, onTestFinished, vi } from "vitest";
import { mount } from "../../src/http/node.ts";
import { ManualClock } from "../../src/testing/fake/manual-clock.ts";
import { Client, until } from "./conformance/client.ts";
import { dial, listen, startBus, written } from "./servers.ts";

const clientOf = (port: number) => new Client(`http://127.0.0.1:${port}`);

it("lets go of pipelined polls when their client goes, also of those whose turn has not come", async () => {
  const { bus, errors } = startBus();
  const socket = await dial(await listen(mount(bus)));
  await bus.ready();
  const poll = written("/poll", JSON.stringify({ channels: ["x"], last: bus.last }));
  socket.write(poll + poll);
  await until(() => bus.waiting === 2);
  socket.destroy();
  await until(() => bus.waiting === 0);
  expect(errors).toEqual([]);
});

it("does not park a pipelined poll whose client went while the hook was asked", async () => {
  const { bus } = startBus();
  const asked: (() => void)[] = [];
  const channels = (names: readonly string[]) =>
    new Promise<readonly string[]>((resolve) => asked.push(() => resolve(names)));
  const handler = mount(bus, { channels });
  const handled: Promise<void>[] = [];
  const sockets: Socket[] = [];
  const port = await listen((request, response) => {
    sockets.push(request.socket);
    handled.push(handler(request, response));
  });
  await bus.ready();
  const socket = await dial(port);
  const poll = written("/poll", JSON.stringify({ channels: ["x"], last: bus.last }));
  socket.write(poll + poll);
  await until(() => asked.length === 2);
  socket.destroy();
  await until(() => sockets.every(({ closed }) => closed));
  for (const answer of asked) answer();
  await Promise.all(handled);
  expect(bus.waiting).toBe(0);
});

it("lets go of a pipelined stream whose client goes before its turn has come", async () => {
  const { bus, errors } = startBus();
  const handler = mount(bus, { maxWaiting: 1 });
  const port = await listen((request, response) => {
    if (request.url !== "/slow") handler(request, response);
  });
  const poll = async () => (await clientOf(port).poll({ channels: ["x"], last: bus.last, timeout: 1 })).status;
  const socket = await dial(port);
  await bus.ready();
  for (const path of ["/slow", "/events?channels=x"]) socket.write(`GET ${path} HTTP/1.1\r\nHost: localhost\r\n\r\n`);
  while ((await poll()) !== 503);
  socket.destroy();
  while ((await poll()) !== 200);
  expect(errors).toEqual([]);
});

it("answers pipelined polls in their order, and leaves no listener on the connection", async () => {
  const { bus } = startBus();
  const warnings: Error[] = [];
  const warned = (warning: Error) => warnings.push(warning);
  process.on("warning", warned);
  onTestFinished(() => void process.off("warning", warned));
  const sockets = new Set<Socket>();
  const handler = mount(bus);
  const port = await listen((request, response) => {
    sockets.add(request.socket);
    return handler(request, response);
  });
  await bus.ready();
  const socket = await dial(port);
  let received = "";
  socket.on("data", (chunk) => {
    received += chunk;
  });
  const answers = () => received.match(/HTTP\/1\.1 200/g)?.length ?? 0;
  const poll = () => written("/poll", JSON.stringify({ channels: ["x"], last: bus.last }));
  socket.write(poll());
  await until(() => bus.waiting === 1);
  const [connection] = sockets;
  const before = connection!.listenerCount("close");
  await bus.sendone("x", 0);
  await until(() => answers() === 1);
  for (let round = 1; round <= 3; round += 1) {
    const many = 20;
    socket.write(poll().repeat(many));
    await until(() => bus.waiting === many);
    await bus.sendone("x", round);
    await until(() => answers() === 1 + round * many);
  }
  socket.write(poll());
  await until(() => bus.waiting === 1);
  expect(connection!.listenerCount("close")).toBe(before);
  expect(sockets.size).toBe(1);
  expect(warnings).toEqual([]);
});

it("answers 400 when something has read the body before and kept it", async () => {
  const { bus, errors } = startBus();
  const handler = mount(bus);
  const port = await listen(async (request, response) => {
    await once(request.resume(), "close");
    await handler(request, response);
  });
  const reply = await clientOf(port).poll({ channels: ["x"], timeout: 0 });
  expect(reply).toMatchObject({ status: 400, json: { error: { code: "bad_json" } } });
  expect(reply.text).toMatch(/was read already/);
  expect(errors).toEqual([]);
});

it("reads a body of which something else has set the encoding", async () => {
  const { bus } = startBus();
  const handler = mount(bus, { maxBody: 1000 });
  const port = await listen((request, response) => handler(request.setEncoding("utf8"), response));
  const client = clientOf(port);
  const pieces = ['{"channels":["', "ü".repeat(200), '"],', '"timeout":0}'];
  expect(await client.postInPieces("poll", pieces)).toEqual({ status: 200 });
  expect(await client.postInPieces("poll", ['{"channels":["', "ü".repeat(900), '"]}'])).toEqual({ status: 413 });
});

it.each([
  ["while it sends its body", 0],
  ["before its body is read", 1],
])("has done with a client that goes %s, and does not complain", async (_, late) => {
  const { bus, errors } = startBus();
  const handler = mount(bus);
  let done = false;
  let begun = false;
  const port = await listen(async (request, response) => {
    begun = true;
    if (late) await until(() => request.socket.closed);
    await handler(request, response);
    done = true;
  });
  const socket = await dial(port);
  socket.write(written("/poll", '{"channels":', 1000));
  await until(() => begun);
  socket.destroy();
  await until(() => done);
  expect(errors).toEqual([]);
});

it("makes no error of a body that comes whole", async () => {
  const { bus } = startBus();
  const client = clientOf(await listen(mount(bus)));
  const made: unknown[] = [];
  const counting = class extends Error {
    constructor(message?: string) {
      super(message);
      made.push(message);
    }
  };
  vi.stubGlobal("Error", counting);
  onTestFinished(() => void vi.unstubAllGlobals());
  for (let count = 0; count < 3; count += 1) await client.poll({ channels: ["x"], timeout: 0 });
  expect(made.filter((message) => /body/.test(String(message)))).toEqual([]);
});

it.each([
  ["a string", (text: string) => text],
  ["a Buffer", (text: string) => Buffer.from(text)],
  ["an object", (text: string) => JSON.parse(text) as unknown],
])("measures a body that comes in pieces and was made %s", async (_, made) => {
  const { bus } = startBus();
  const handler = mount(bus, { maxBody: 1000 });
  const port = await listen(async (request, response) => {
    const text = (await request.setEncoding("utf8").toArray()).join("");
    await handler(Object.assign(request, { body: made(text) }), response);
  });
  const client = clientOf(port);
  // As many characters as there may be bytes, but more bytes.
  const large = ['{"channels":["', "ü".repeat(900), '"]}'];
  expect(await client.postInPieces("poll", large)).toEqual({ status: 413 });
  const small = ['{"channels":["', "ü".repeat(200), '"],"timeout":0}'];
  expect(await client.postInPieces("poll", small)).toEqual({ status: 200 });
});

it("hands what a later handler throws to whoever called, and not to that handler again", async () => {
  const { bus } = startBus();
  const handler = mount(bus);
  const given: unknown[] = [];
  const thrown = new Error("a later handler failed");
  const rejected: unknown[] = [];
  const port = await listen(async (request: IncomingMessage, response: ServerResponse) => {
    const next = (error?: unknown) => {
      given.push(error);
      throw thrown;
    };
    await handler(request, response, next).catch((error: unknown) => rejected.push(error));
    response.end();
  });
  await clientOf(port).get("nothing");
  expect(given).toEqual([undefined]);
  expect(rejected).toEqual([thrown]);
});

it("adds to every form in which Vary may have been set", async () => {
  const { bus } = startBus();
  const handler = mount(bus, { cors: { origin: "https://a.example" } });
  let set: string | string[] = "";
  const port = await listen((request, response) => handler(request, response.setHeader("Vary", set)));
  const varies = async (before: string | string[]) => {
    set = before;
    return (await clientOf(port).get("health")).headers.get("vary");
  };
  expect(await varies(["Accept-Encoding", "Cookie"])).toBe("Accept-Encoding, Cookie, Origin");
  expect(await varies("Accept-Encoding")).toBe("Accept-Encoding, Origin");
});

it("lets go of a GET poll whose client goes, though nobody reads its body", async () => {
  const { bus } = startBus();
  const socket = await dial(await listen(mount(bus)));
  await bus.ready();
  const head = `GET /poll?channels=x&last=${bus.last} HTTP/1.1\r\nHost: x\r\nContent-Length: 300000\r\n\r\n`;
  socket.write(`${head}${"x".repeat(300_000)}`);
  await until(() => bus.waiting === 1);
  await new Promise((resolve) => setTimeout(resolve, 100)); // an unread body would have stopped the reading by now
  socket.destroy();
  await until(() => bus.waiting === 0);
});

it("does not give up an answer whose turn on its connection has not come", async () => {
  const clock = new ManualClock();
  const { bus } = startBus({ clock });
  const socket = await dial(await listen(mount(bus, { unsentTimeout: 1_000 })));
  await bus.ready();
  let text = "";
  socket.on("data", (chunk) => {
    text += chunk;
  });
  const poll = written("/poll", JSON.stringify({ channels: ["x"], last: bus.last }));
  socket.write(`${poll}GET /poll?channels=y&timeout=0 HTTP/1.1\r\nHost: x\r\n\r\n`);
  await until(() => bus.waiting === 1 && bus.stats().unsent > 0);
  clock.advance(2_000);
  await bus.sendone("x", 1);
  await until(() => text.match(/HTTP\/1\.1 200/g)?.length === 2);
});

it("gives up an answer whose turn does not come within a minute", async () => {
  const clock = new ManualClock();
  const { bus } = startBus({ clock });
  const socket = await dial(await listen(mount(bus, { unsentTimeout: 1_000, timeout: 600_000 })));
  await bus.ready();
  const poll = written("/poll", JSON.stringify({ channels: ["x"], last: bus.last, timeout: 600_000 }));
  socket.write(`${poll}GET /poll?channels=y&timeout=0 HTTP/1.1\r\nHost: x\r\n\r\n`);
  await until(() => bus.waiting === 1 && bus.stats().unsent > 0);
  for (let second = 0; second < 50; second += 1) clock.advance(1_000);
  expect(bus.stats().unsent).toBeGreaterThan(0);
  for (let second = 0; second < 15; second += 1) clock.advance(1_000);
  expect(bus.stats().unsent).toBe(0);
  await until(() => bus.waiting === 0); // the connection has ended, and with it the bytes that Node keeps
});

it("lets go of a stream whose client goes, though nobody reads the body of its GET", async () => {
  const { bus } = startBus();
  const socket = await dial(await listen(mount(bus, { heartbeat: Number.POSITIVE_INFINITY })));
  await bus.ready();
  const head = "GET /events?channels=x HTTP/1.1\r\nHost: x\r\nContent-Length: 300000\r\n\r\n";
  socket.write(`${head}${"x".repeat(300_000)}`);
  await until(() => bus.stats().streams === 1);
  await new Promise((resolve) => setTimeout(resolve, 100)); // an unread body would have stopped the reading by now
  socket.destroy();
  await until(() => bus.stats().streams === 0);
});
