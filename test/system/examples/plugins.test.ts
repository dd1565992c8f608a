import { once } from "node:events";
import { createServer, type RequestListener, type Server } from "node:http";
import { createRequire } from "node:module";
import type { AddressInfo } from "node:net";
import { join } from "node:path";
import { getRequestListener } from "@hono/node-server";
import compression from "compression";
import express, { type RequestHandler } from "express";
import Fastify, { type FastifyPluginAsync } from "fastify";
import { Hono } from "hono";
import { except } from "hono/combine";
import { compress } from "hono/compress";
import { etag } from "hono/etag";
import { logger } from "hono/logger";
import { timeout } from "hono/timeout";
import Koa, { type Middleware } from "koa";
import { Bus } from "nightbus";
import { mount as mountOnExpress } from "nightbus/express";
import { mount as mountOnFastify } from "nightbus/fastify";
import { mount as mountOnHono } from "nightbus/hono";
import { mount as mountOnKoa } from "nightbus/koa";
import { describe, expect, it, onTestFinished, vi } from "vitest";
import { openStream } from "../../http/conformance/stream.ts";
import { root } from "../../support/language.ts";
import { hasPrograms } from "./hosts.ts";

/** Returns a plugin that `npm ci --prefix examples` installs. */
function plugin<T>(name: string): T {
  const loaded = createRequire(join(root, "examples/package.json"))(name);
  return loaded.default ?? loaded;
}

const SOON = { timeout: 30_000, interval: 10 };

type Made = (bus: Bus) => RequestListener | Promise<RequestListener>;

const APPLICATIONS: readonly (readonly [string, encoding: string | null, Made])[] = [
  [
    "Express with compression and helmet",
    "gzip",
    (bus) =>
      express()
        .use(plugin<() => RequestHandler>("helmet")())
        .use(compression({ threshold: 0 }))
        .use("/bus", mountOnExpress(bus)),
  ],
  [
    "Fastify with @fastify/compress, cors and helmet",
    null, // the mount writes to the raw response, which plugins of this host do not see
    async (bus) => {
      const app = Fastify();
      for (const name of ["@fastify/compress", "@fastify/cors", "@fastify/helmet"])
        await app.register(plugin<FastifyPluginAsync<{ threshold: number }>>(name), { threshold: 0 });
      await app.register(mountOnFastify(bus), { prefix: "/bus" });
      await app.ready();
      return (request, response) => app.routing(request, response);
    },
  ],
  [
    "Hono with compress, logger, and etag beside the mount",
    "gzip",
    (bus) => {
      const app = new Hono()
        .use(logger(() => {}))
        .use(compress({ threshold: 0 }))
        .use(except("/bus/*", etag()))
        .all("/bus/*", mountOnHono(bus));
      return getRequestListener(app.fetch);
    },
  ],
  [
    "Hono with timeout",
    null,
    (bus) => getRequestListener(new Hono().use(timeout(1_000)).all("/bus/*", mountOnHono(bus)).fetch),
  ],
  [
    "Koa with compress, conditional-get and etag",
    null,
    (bus) =>
      new Koa()
        .use(plugin<(options: object) => Middleware>("koa-compress")({ threshold: 0, br: false }))
        .use(plugin<() => Middleware>("koa-conditional-get")())
        .use(plugin<() => Middleware>("koa-etag")())
        .use(mountOnKoa(bus, { prefix: "/bus" }))
        .callback(),
  ],
];

describe.skipIf(!hasPrograms)("a mount behind the plugins of its host", () => {
  describe.each(APPLICATIONS)("%s", (_, encoding, make) => {
    async function start(): Promise<{ bus: Bus; url: string }> {
      const bus = new Bus();
      const server = createServer(await make(bus)).listen(0, "127.0.0.1");
      onTestFinished(() => end(bus, server));
      await once(server, "listening");
      return { bus, url: `http://127.0.0.1:${(server.address() as AddressInfo).port}/bus` };
    }

    it("streams each notification as it comes, and notices that the client goes", async () => {
      const { bus, url } = await start();
      const stream = await openStream(`${url}/events?channels=a`);
      expect(stream.headers.get("content-encoding")).toBeNull();
      for (const message of [1, 2, 3]) {
        const id = await bus.sendone("a", message);
        expect((await stream.take(message)).at(-1)).toMatchObject({ id: String(id) });
      }
      stream.leave();
      await vi.waitFor(() => expect(bus.stats().streams).toBe(0), SOON);
    });

    it("answers a poll at once, and one that waits", async () => {
      const { bus, url } = await start();
      const headers = { "accept-encoding": "gzip" };
      const first = await fetch(`${url}/poll?channels=a&timeout=0`, { headers });
      expect(first.headers.get("content-encoding")).toBe(encoding);
      const { last } = (await first.json()) as { last: number };
      const waiting = fetch(`${url}/poll?channels=a&last=${last}`, { headers });
      await vi.waitFor(() => expect(bus.waiting).toBe(1), SOON);
      const id = await bus.sendone("a", 1);
      expect(await (await waiting).json()).toMatchObject({ notifications: [{ id }] });
    });
  });

  it("does not begin to stream behind Hono's etag, which reads whole answers", async () => {
    const bus = new Bus();
    const app = new Hono().use(etag()).all("/bus/*", mountOnHono(bus));
    let hasBegun = false;
    const streaming = Promise.resolve(app.request("/bus/events?channels=a")).then(() => {
      hasBegun = true;
    });
    await vi.waitFor(() => expect(bus.stats().streams).toBe(1), SOON);
    await new Promise((resolve) => setTimeout(resolve, 100));
    expect(hasBegun).toBe(false);
    await bus.close();
    await streaming;
  });

  it("is answered 504 by Hono's timeout if a poll waits longer, and streams on", async () => {
    const bus = new Bus();
    const app = new Hono().use(timeout(300)).all("/bus/*", mountOnHono(bus));
    onTestFinished(() => bus.close());
    await bus.ready();
    const stream = await app.request("/bus/events?channels=a");
    expect((await app.request(`/bus/poll?channels=a&last=${bus.last}`)).status).toBe(504);
    const id = await bus.sendone("a", 1);
    await bus.close();
    expect(await stream.text()).toContain(`id: ${id}`);
  });
});

async function end(bus: Bus, server: Server): Promise<void> {
  await bus.close();
  server.closeAllConnections();
  server.close();
}
