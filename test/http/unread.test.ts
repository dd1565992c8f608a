import type { Socket } from "node:net";
import { expect, it, onTestFinished } from "vitest";
import type { Bus } from "../../src/bus.ts";
import { mount } from "../../src/http/node.ts";
import { PIECE } from "../../src/http/writing/pieces.ts";
import { ManualClock } from "../../src/testing/fake/manual-clock.ts";
import { Client, until } from "./conformance/client.ts";
import { openStream } from "./conformance/stream.ts";
import { dial, listen, startBus } from "./servers.ts";

const MEGABYTE = 2 ** 20;
const clientOf = (port: number) => new Client(`http://127.0.0.1:${port}`);

async function fill(bus: Bus, count: number, length: number): Promise<void> {
  for (let n = 0; n < count; n += 1) await bus.sendone("a", "x".repeat(length));
}

/** A connection that asks so often, and reads nothing. */
async function ask(port: number, path: string, times: number): Promise<Socket> {
  const socket = await dial(port);
  socket.pause();
  socket.write(`GET ${path} HTTP/1.1\r\nHost: localhost\r\n\r\n`.repeat(times));
  return socket;
}

it("ends an answer at maxAnswer, parked or not, and cuts no send", async () => {
  const { bus } = startBus();
  const client = clientOf(await listen(mount(bus, { maxAnswer: 10_000 })));
  await bus.ready();
  const { last } = bus;
  const sizes = [3_000, 3_000, 3_000, 3_000, 30_000, 100];
  const sends = [...sizes.map((size) => [size]), [6_000, 6_000, 100], [100]];
  const held = client.get(`poll?channels=a&last=${last}`);
  await until(() => bus.waiting === 1);
  await Promise.all(sends.map((send) => bus.sendmany(send.map((size) => ["a", "x".repeat(size)] as const))));
  type Page = { last: number; missed: boolean; notifications: { message: string }[] };
  const pages: Page[] = [(await held).json as Page];
  while (pages.at(-1)!.last < bus.last) {
    pages.push((await client.get(`poll?channels=a&last=${pages.at(-1)!.last}`)).json as Page);
  }
  expect(pages.map(({ notifications }) => notifications.map(({ message }) => message.length))).toEqual([
    [3_000, 3_000, 3_000],
    [3_000],
    [30_000],
    [100],
    [6_000, 6_000, 100],
    [100],
  ]);
  expect(pages.some(({ missed }) => missed)).toBe(false);
  const whole = await bus.poll(["a"], last, 0);
  expect(whole, "the bus's own poll keeps to limit alone").toHaveLength(10);
});

it("gives all of 560 megabytes to those who page, in both dialects and as a stream", async () => {
  const { bus, errors } = startBus({ retention: { bytes: Number.POSITIVE_INFINITY } });
  const client = clientOf(await listen(mount(bus, { maxWaiting: 1 })));
  await bus.ready();
  const { last } = bus;
  const message = "x".repeat(1_020_000);
  for (let n = 0; n < 560; n += 1) await bus.sendone("a", message);
  const plain = await client.get(`poll?channels=a&last=${last}`);
  expect(plain).toMatchObject({ status: 200, json: { missed: false, notifications: [{ message }] } });
  const params = { channels: ["a"], last };
  const rpc = await client.poll({ jsonrpc: "2.0", id: 1, params });
  expect(rpc).toMatchObject({ status: 200, json: { result: [{ message }] } });
  const stream = await openStream(`${client.url}/events?channels=a&last=${last}`);
  const events = await stream.take(3);
  expect(JSON.parse(events[2]!.data)).toMatchObject({ message });
  stream.leave();
  expect(errors).toEqual([]);
});

it("writes a send that is larger than all bounds, and lets others come between", async () => {
  const { bus, errors } = startBus();
  const client = clientOf(await listen(mount(bus, { maxAnswer: 1_000, maxBuffered: 1_000 })));
  await bus.ready();
  const { last } = bus;
  const live = await openStream(`${client.url}/events?channels=a`);
  await until(() => live.positions.length === 1);
  const message = "ü".repeat(500_000);
  const entries = Array.from({ length: 12 }, () => ["a", message] as const);
  const ids = await bus.sendmany(entries);
  const late = await openStream(`${client.url}/events?channels=a&last=${last}`);
  const polled = await client.get(`poll?channels=a&last=${last}`);
  expect((polled.json as { notifications: unknown[] }).notifications).toHaveLength(12);
  const after = await bus.sendone("a", "after");
  for (const stream of [live, late]) {
    const events = await stream.take(13);
    expect(events.map(({ id }) => Number(id))).toEqual([...ids, after]);
    expect(JSON.parse(events[11]!.data)).toMatchObject({ message });
    stream.leave();
  }
  await until(() => bus.stats().unsent === 0 && bus.stats().streams === 0);
  expect(errors).toEqual([]);
});

it("counts what pollers do not take once, and gives them up when they take nothing for unsentTimeout", async () => {
  const clock = new ManualClock();
  const { bus, errors } = startBus({ clock });
  const port = await listen(mount(bus, { maxWaiting: 40, unsentTimeout: 30_000 }));
  await fill(bus, 60, 60_000);
  const sockets: Socket[] = [];
  // Each asks for more than the machine's own buffers hold.
  for (let n = 0; n < 25; n += 1) sockets.push(await ask(port, "/poll?channels=a&last=0", 20));
  const closed = sockets.map((socket) => new Promise((resolve) => socket.resume().once("close", resolve)));
  for (const socket of sockets) socket.pause();
  await until(() => bus.stats().unsent > 0);
  for (let turn = 0; turn < 100; turn += 1) await new Promise((resolve) => setImmediate(resolve));
  expect(bus.stats().unsent).toBeLessThan(2 * MEGABYTE);
  clock.advance(29_000);
  for (let turn = 0; turn < 10; turn += 1) await new Promise((resolve) => setImmediate(resolve));
  expect(bus.stats().unsent).toBeGreaterThan(0);
  let isOver = false;
  const all = Promise.all(closed).then(() => {
    isOver = true;
  });
  while (bus.stats().unsent > 0) {
    clock.advance(5_000);
    await new Promise((resolve) => setImmediate(resolve));
  }
  for (const socket of sockets) socket.resume();
  await until(() => isOver);
  await all;
  expect((await clientOf(port).get("poll?channels=a&last=0")).status).toBe(200);
  expect(errors).toEqual([]);
});

it("refuses beyond maxUnsent and counts the unread among those who wait, until they go", async () => {
  const { bus, errors } = startBus();
  const port = await listen(mount(bus, { maxUnsent: 2 * MEGABYTE, maxWaiting: 5 }));
  const client = clientOf(port);
  await bus.ready();
  const start = bus.last;
  await fill(bus, 40, 60_000);
  const ids = (await bus.recent(["a"], 40)).map(({ id }) => id);
  const sockets: Socket[] = [];
  for (const id of [start, ...ids.slice(0, 4)]) sockets.push(await ask(port, `/poll?channels=a&last=${id}`, 20));
  const poll = () => client.get(`poll?channels=a&last=${ids[38]}`);
  let reply = await poll();
  while (reply.status === 200) reply = await poll();
  expect(reply).toMatchObject({ status: 503, json: { error: { code: "busy" } } });
  expect(Number(reply.headers.get("retry-after"))).toBeGreaterThan(0);
  expect(bus.stats().unsent).toBeGreaterThan(MEGABYTE);
  expect(bus.stats().unsent).toBeLessThan(2.1 * MEGABYTE);
  const parked = client.get(`poll?channels=b&last=${bus.last}`);
  expect((await parked).status === 503 || bus.waiting === 1).toBe(true);
  for (const socket of sockets) socket.destroy();
  await until(() => bus.stats().unsent === 0);
  expect((await poll()).status).toBe(200);
  expect(errors).toEqual([]);
});

it("leaks no place when a stream cannot begin", async () => {
  const { bus, errors } = startBus();
  const handler = mount(bus, { maxWaiting: 1 });
  let isBroken = true;
  const port = await listen((request, response) => {
    const write = response.write.bind(response);
    response.write = ((...piece: Parameters<typeof write>) => {
      if (isBroken) throw new Error("broken");
      return write(...piece);
    }) as typeof write;
    return handler(request, response);
  });
  const client = clientOf(port);
  for (const _ of [1, 2, 3]) expect((await client.get("events?channels=a")).text).toBe("");
  expect(errors).toHaveLength(3);
  expect(bus.stats()).toMatchObject({ streams: 0, unsent: 0 });
  isBroken = false;
  const stream = await openStream(`${client.url}/events?channels=a`);
  await until(() => stream.positions.length === 1);
  stream.leave();
});

it("writes what is large in small pieces, with the event loop between them", async () => {
  const { bus } = startBus();
  const handler = mount(bus);
  let [turn, isOver] = [0, false];
  const writes: (readonly [turn: number, bytes: number])[] = [];
  const next = (): void => {
    turn += 1;
    if (!isOver) setImmediate(next);
  };
  onTestFinished(() => {
    isOver = true;
  });
  const port = await listen((request, response) => {
    const write = response.write.bind(response) as (bytes: Uint8Array) => boolean;
    response.write = (bytes: Uint8Array): boolean => {
      writes.push([turn, bytes.length]);
      return write(bytes);
    };
    return handler(request, response);
  });
  await bus.sendmany(Array.from({ length: 15 }, () => ["a", "ü".repeat(500_000)] as const));
  next();
  const { json } = await clientOf(port).get("poll?channels=a&last=0");
  expect(json).toMatchObject({ last: bus.last });
  expect(writes.reduce((sum, [, bytes]) => sum + bytes, 0)).toBeGreaterThan(15_000_000);
  expect(Math.max(...writes.map(([, bytes]) => bytes))).toBeLessThanOrEqual(3 * PIECE);
  // One that came before a turn was counted may be followed by another in it.
  const most = writes.filter(([at]) => writes.filter(([other]) => other === at).length > 2);
  expect(most).toEqual([]);
});

it("answers all who ask for the same, though it fits maxUnsent only once", async () => {
  const { bus } = startBus();
  const port = await listen(mount(bus, { maxUnsent: 12 * 2 ** 20, maxAnswer: 10 * 2 ** 20 }));
  const client = clientOf(port);
  await bus.ready();
  const { last } = bus;
  for (let n = 0; n < 9; n += 1) await bus.sendone("a", "x".repeat(1_000_000));
  const idle = await Promise.all([1, 2, 3].map(() => ask(port, `/poll?channels=a&last=${last}`, 1)));
  await until(() => bus.stats().unsent > 0);
  expect((await client.get(`poll?channels=a&last=${last}`)).status).toBe(200);
  expect(bus.stats().unsent).toBeLessThan(10 * 2 ** 20);
  await bus.sendone("b", "y".repeat(900_000));
  await bus.sendmany([1, 2, 3, 4].map(() => ["b", "y".repeat(1_000_000)] as const));
  expect((await client.get(`poll?channels=b&last=${last}`)).status, "other bytes have no room").toBe(503);
  for (const socket of idle) socket.destroy();
  await until(() => bus.stats().unsent === 0);
});
