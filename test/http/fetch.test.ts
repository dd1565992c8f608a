import { Hono } from "hono";
import { expect, it } from "vitest";
import { mount } from "../../src/http/fetch.ts";
import { mount as mountOnHono } from "../../src/http/hono.ts";
import { ManualClock } from "../../src/testing/fake/manual-clock.ts";
import { startBus } from "./servers.ts";

const post = (body: unknown) =>
  new Request("http://localhost/poll", {
    method: "POST",
    body: JSON.stringify(body),
    headers: { "content-type": "application/json" },
  });

it("answers 400 when something has read the body before and kept it", async () => {
  const { bus, errors } = startBus();
  const request = post({ channels: ["x"], timeout: 0 });
  await request.text();
  const response = await mount(bus)(request);
  expect(response.status).toBe(400);
  expect(await response.text()).toMatch(/was read already/);
  expect(errors).toEqual([]);
});

it("measures a body that the framework has read", async () => {
  const { bus } = startBus();
  const app = new Hono().use(async (context, next) => {
    await context.req.text();
    await next();
  });
  app.all("/poll", mountOnHono(bus, { maxBody: 1000 }));
  // As many characters as there may be bytes, but more bytes.
  expect((await app.request(post({ channels: ["ü".repeat(900)] }))).status).toBe(413);
  expect((await app.request(post({ channels: ["ü".repeat(200)], timeout: 0 }))).status).toBe(200);
});

it("keeps for a client that does not read what is unsent at the end of its stream, but not for ever", async () => {
  const clock = new ManualClock();
  const { bus, errors } = startBus({ clock });
  await bus.sendone("x", "y".repeat(100_000));
  const handler = mount(bus, { maxAge: 1_000 });
  const open = async () => (await handler(new Request("http://localhost/events?channels=x&last=0"))).body!.getReader();
  const [late, never] = [await open(), await open()];
  clock.advance(1_004);
  clock.advance(9_000);
  const text = new TextDecoder();
  expect(text.decode((await late.read()).value)).toMatch(/^retry:/);
  expect(text.decode((await late.read()).value)).toMatch(/^data: .*y"}\nid: \d+\n\n$/s);
  expect(await late.read()).toEqual({ done: true, value: undefined });
  clock.advance(1_004);
  await expect(never.read()).rejects.toThrow(/did not read/);
  expect(bus.stats().unsent).toBe(0);
  expect(errors).toEqual([]);
});

it("lets go of what an ended stream had unsent, once its client took it", async () => {
  const clock = new ManualClock();
  const { bus } = startBus({ clock });
  await bus.sendone("x", "y".repeat(100_000));
  const handler = mount(bus, { maxAge: 1_000, maxUnsent: 150_000 });
  const open = () => handler(new Request("http://localhost/events?channels=x&last=0"));
  for (const _ of [1, 2]) {
    const response = await open();
    clock.advance(1_004);
    expect(bus.stats().unsent).toBeGreaterThan(100_000);
    await response.text();
    expect(bus.stats().unsent).toBe(0);
  }
  expect((await open()).status).toBe(200);
});

it("lets go at once of what a client had unsent that was given up", async () => {
  const clock = new ManualClock();
  const { bus } = startBus({ clock });
  await bus.sendone("x", "y".repeat(100_000));
  await mount(bus, { unsentTimeout: 30_000 })(new Request("http://localhost/events?channels=x&last=0"));
  while (bus.stats().streams > 0) clock.advance(1_000);
  expect(bus.stats().unsent).toBe(0);
});

it("counts a long answer as unsent until its client took the last of it", async () => {
  const { bus, errors } = startBus();
  await bus.sendone("x", "y".repeat(70_000));
  const response = await mount(bus)(new Request("http://localhost/poll?channels=x&last=0"));
  const reader = response.body!.getReader();
  let size = 0;
  while (size < 60_000) size += (await reader.read()).value?.length ?? Number.NaN;
  for (let turn = 0; turn < 10; turn += 1) await new Promise((resolve) => setImmediate(resolve)); // the rest is written
  expect(bus.stats().unsent).toBeGreaterThan(70_000);
  for (let piece = await reader.read(); !piece.done; piece = await reader.read()) size += piece.value.length;
  expect(size).toBeGreaterThan(70_000);
  expect(bus.stats().unsent).toBe(0);
  expect(errors).toEqual([]);
});

it("ends a stream whose request was aborted, before it began or while it is open", async () => {
  const { bus, errors } = startBus();
  await bus.ready(); // a request that waits for the store ends without a stream
  const handler = mount(bus, { maxWaiting: 1 });
  for (const opened of [false, true]) {
    const ending = new AbortController();
    if (!opened) ending.abort();
    const response = await handler(new Request("http://localhost/events?channels=x", { signal: ending.signal }));
    ending.abort();
    expect(await response.text()).toMatch(
      /^retry: \d+\nevent: position\ndata: \{"last":(\d+),"heartbeat":15000\}\nid: \1\n\n$/,
    );
  }
  expect(errors).toEqual([]);
});

it("refuses a body that breaks, or that something has read before and cannot give", async () => {
  const { bus, errors } = startBus();
  const broken = new ReadableStream({ start: (controller) => controller.error(new Error("reset")) });
  const headers = { "content-type": "application/json" };
  const init = { method: "POST", body: broken, headers, duplex: "half" };
  expect((await mount(bus)(new Request("http://localhost/poll", init))).status).toBe(400);
  const app = new Hono().all("/poll", mountOnHono(bus));
  const request = post({ channels: ["x"], timeout: 0 });
  await request.text();
  expect((await app.request(request)).status).toBe(400);
  expect(errors).toEqual([]);
});
