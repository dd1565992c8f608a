import { once } from "node:events";
import type { IncomingMessage } from "node:http";
import { type ClientHttp2Session, connect, constants, createServer, type Http2Session } from "node:http2";
import { expect, it, onTestFinished, vi } from "vitest";
import type { Bus } from "../../src/bus.ts";
import { mount } from "../../src/http/node.ts";
import type { MountOptions } from "../../src/http/options.ts";
import { Log } from "../../src/log/log.ts";
import type { AnyChannels } from "../../src/notification.ts";
import { ManualClock } from "../../src/testing/fake/manual-clock.ts";
import { until } from "./conformance/client.ts";
import { portOf, startBus } from "./servers.ts";

type Options = MountOptions<AnyChannels, IncomingMessage>;

async function start(bus: Bus, options: Options = {}): Promise<ClientHttp2Session> {
  // The pair of http2's compatibility layer has what nightbus uses of the pair of node:http.
  const handler = mount(bus, options) as never;
  const server = createServer(handler);
  const sessions: Http2Session[] = [];
  server.on("session", (session) => sessions.push(session));
  const session = connect(`http://127.0.0.1:${await portOf(server)}`);
  session.on("error", () => {}); // the server may end first
  onTestFinished(() => {
    session.destroy();
    for (const one of sessions) one.destroy();
  });
  await bus.ready();
  return session;
}

function post(session: ClientHttp2Session, path: string, body: unknown) {
  const stream = session.request({ ":method": "POST", ":path": path, "content-type": "application/json" });
  stream.end(JSON.stringify(body));
  return stream;
}

it("holds a poll over HTTP/2 until something comes", async () => {
  const { bus, errors } = startBus();
  const session = await start(bus);
  const stream = post(session, "/poll", { channels: ["x"], last: bus.last });
  const [headers] = (
    await Promise.all([once(stream, "response"), until(() => bus.waiting === 1).then(() => bus.sendone("x", "now"))])
  )[0];
  const text = (await stream.setEncoding("utf8").toArray()).join("");
  expect(headers[":status"]).toBe(200);
  expect(JSON.parse(text)).toMatchObject({ notifications: [{ message: "now" }], last: bus.last });
  expect(bus.waiting).toBe(0);
  expect(errors).toEqual([]);
});

it("lets go of a poll over HTTP/2 when its client goes, and of no other on the connection", async () => {
  const { bus, errors } = startBus();
  const session = await start(bus);
  const gone = post(session, "/poll", { channels: ["x"], last: bus.last });
  const stays = post(session, "/poll", { channels: ["x"], last: bus.last });
  await until(() => bus.waiting === 2);
  gone.close();
  await until(() => bus.waiting === 1);
  const answered = once(stays, "response");
  await bus.sendone("x", 1);
  expect((await answered)[0][":status"]).toBe(200);
  expect(errors).toEqual([]);
});

it("does not park a poll over HTTP/2 whose client went while the hook was asked", async () => {
  const { bus, errors } = startBus();
  let answer: (() => void) | undefined;
  let closed = false;
  const channels = (names: readonly string[], request: IncomingMessage) =>
    new Promise<readonly string[]>((resolve) => {
      request.once("close", () => {
        closed = true;
      });
      answer = () => resolve(names);
    });
  const session = await start(bus, { channels });
  const stream = post(session, "/poll", { channels: ["x"], last: bus.last });
  await until(() => answer !== undefined);
  stream.close();
  await until(() => closed);
  answer?.();
  // A few turns of the loop settle if the request parks.
  for (let turn = 0; turn < 5; turn += 1) await new Promise((resolve) => setImmediate(resolve));
  expect(bus.waiting).toBe(0);
  expect(errors).toEqual([]);
});

it("lets a stream over HTTP/2 catch up no faster than its client reads", async () => {
  const { bus, errors } = startBus({ limit: 1 });
  const session = await start(bus);
  for (let n = 0; n < 60; n += 1) await bus.sendone("x", "y".repeat(500_000));
  const reads = vi.spyOn(Log.prototype, "read");
  onTestFinished(() => reads.mockRestore());
  const stream = session.request({ ":path": "/events?channels=x&last=0" });
  await once(stream, "response");
  for (let turn = 0; turn < 50; turn += 1) await new Promise((resolve) => setImmediate(resolve));
  expect(reads.mock.calls.length).toBeLessThan(30);
  stream.setEncoding("utf8");
  let heard = 0;
  stream.on("data", (text: string) => {
    heard += text.split("data: {").length - 1;
  });
  await until(() => heard === 60);
  stream.close();
  expect(errors).toEqual([]);
});

it("does not begin a stream over HTTP/2 whose client went while the hook was asked", async () => {
  const { bus, errors } = startBus();
  let answer: (() => void) | undefined;
  let closed = false;
  const channels = (names: readonly string[], request: IncomingMessage) =>
    new Promise<readonly string[]>((resolve) => {
      request.once("close", () => {
        closed = true;
      });
      answer ??= () => resolve(names);
      if (closed) resolve(names);
    });
  const session = await start(bus, { channels, maxWaiting: 1 });
  const stream = session.request({ ":path": "/events?channels=x" });
  await until(() => answer !== undefined);
  stream.close();
  await until(() => closed);
  answer?.();
  for (let turn = 0; turn < 5; turn += 1) await new Promise((resolve) => setImmediate(resolve));
  const [headers] = await once(session.request({ ":path": "/events?channels=x" }), "response");
  expect(headers[":status"], "the one that went takes nobody's place").toBe(200);
  expect(errors).toEqual([]);
});

it("ends a request over HTTP/2 whose body takes too long to come", async () => {
  const clock = new ManualClock();
  const { bus, errors } = startBus({ clock });
  const session = await start(bus, { bodyTimeout: 10_000 });
  const stream = session.request({ ":method": "POST", ":path": "/poll", "content-type": "application/json" });
  const answered = once(stream, "response");
  const cut = once(stream.resume(), "aborted");
  let seconds = 0;
  const dribble = (): void => {
    if (stream.closed) return;
    clock.advance(1_000);
    seconds += 1;
    stream.write(" ", dribble);
  };
  dribble();
  expect((await answered)[0][":status"]).toBe(408);
  expect(seconds).toBeGreaterThanOrEqual(10);
  await cut;
  expect(errors).toEqual([]);
});

it("writes a large answer in pieces over HTTP/2, and lets go of it when its client goes in the middle", async () => {
  const { bus, errors } = startBus();
  const session = await start(bus, { maxWaiting: 1 });
  await bus.sendmany(Array.from({ length: 12 }, (_, n) => ["x", n + "y".repeat(900_000)] as const));
  const gone = session.request({ ":path": "/poll?channels=x&last=0" });
  await once(gone, "response");
  await until(() => bus.stats().unsent > 0);
  gone.close(constants.NGHTTP2_CANCEL); // as browsers do
  await until(() => bus.stats().unsent === 0);
  const stream = session.request({ ":path": "/poll?channels=x&last=0" });
  const [headers] = await once(stream, "response");
  const text = (await stream.setEncoding("utf8").toArray()).join("");
  expect([headers[":status"], headers["connection"]]).toEqual([200, undefined]);
  expect(JSON.parse(text).notifications).toHaveLength(12);
  await until(() => bus.stats().unsent === 0);
  expect(errors).toEqual([]);
});
