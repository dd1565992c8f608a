import type { IncomingMessage, ServerResponse } from "node:http";
import express from "express";
import Fastify from "fastify";
import { Hono } from "hono";
import Koa from "koa";
import { describe, expect, it } from "vitest";
import type { Bus } from "../../src/bus.ts";
import { mount as mountOnExpress } from "../../src/http/express.ts";
import { mount as mountOnFastify } from "../../src/http/fastify.ts";
import { mount as mountOnFetch } from "../../src/http/fetch.ts";
import { mount as mountOnHono } from "../../src/http/hono.ts";
import { mount as mountOnKoa } from "../../src/http/koa.ts";
import { mount as mountOnNode } from "../../src/http/node.ts";
import { dial, listen, portOf, startBus } from "./servers.ts";

type Statuses = (...paths: readonly string[]) => Promise<readonly number[]>;

async function at(port: number | Promise<number>): Promise<Statuses> {
  const known = await port;
  return (...paths) => Promise.all(paths.map(async (path) => (await fetch(`http://127.0.0.1:${known}${path}`)).status));
}

function handing(fetch: (request: Request) => Promise<Response> | Response): Statuses {
  return (...paths) => Promise.all(paths.map(async (path) => (await fetch(new Request(`http://x${path}`))).status));
}

/** Cuts off where something is mounted, as connect and polka do. */
const cutting =
  (path: string, handler: (request: IncomingMessage, response: ServerResponse) => unknown) =>
  (request: IncomingMessage & { originalUrl?: string }, response: ServerResponse) => {
    request.originalUrl = request.url!;
    request.url = request.url!.slice(path.length);
    return handler(request, response);
  };

describe("a mount knows where it is", () => {
  it("on Express, in routers inside routers, with a parameter, and beside another", async () => {
    const { bus } = startBus();
    const inner = express.Router().use("/bus", mountOnExpress(bus));
    const app = express().use("/api/:room", inner).use("/poll", mountOnExpress(bus)).use(mountOnExpress(bus));
    const statuses = await at(listen(app));
    expect(await statuses("/api/7/bus/health", "/poll/health", "/health")).toEqual([200, 200, 200]);
    expect(await statuses("/api/7/health", "/api/7/bus/x/health", "/poll/poll/health", "/x/health")).toEqual([
      404, 404, 404, 404,
    ]);
  });

  it("on whatever cuts off the path and keeps the original, and at the root where the path was rewritten", async () => {
    const { bus } = startBus();
    const cut = await at(listen(cutting("/lp", mountOnNode(bus) as never)));
    expect(await cut("/lp/health", "/lp/health?x=/health", "/lp/lp/health", "/lp//health")).toEqual([
      200, 200, 404, 404,
    ]);
    const rewritten = await at(
      listen((request, response) => {
        Object.assign(request, { originalUrl: request.url, url: "/elsewhere" });
        return mountOnNode(bus)(request, response);
      }),
    );
    expect(await rewritten("/health", "/x/health")).toEqual([200, 404]);
  });

  it("on Koa at its prefix, else where koa-mount says, else at the root", async () => {
    const { bus } = startBus();
    const at0 = await at(listen(new Koa().use(mountOnKoa(bus)).callback()));
    expect(await at0("/health", "/x/health")).toEqual([200, 404]);
    const mounted = new Koa().use((context, next) => {
      context.path = context.path.slice("/lp".length);
      return mountOnKoa(bus)(context, next);
    });
    const below = await at(listen(mounted.callback()));
    expect(await below("/lp/health", "/lp/x/health")).toEqual([200, 404]);
  });

  it("on Hono below a base path and in an application inside another, and by prefix for a pattern", async () => {
    const { bus } = startBus();
    const inner = new Hono().all("/bus/*", mountOnHono(bus));
    const app = new Hono().basePath("/api").route("/v1", inner);
    app.all("/lp/:room/*", mountOnHono(bus, { prefix: "/api/lp/:room" }));
    const statuses = handing((request) => app.fetch(request));
    expect(await statuses("/api/v1/bus/health", "/api/lp/7/health", "/api/lp/8/health")).toEqual([200, 200, 200]);
    expect(await statuses("/api/v1/bus/x/health", "/api/lp/7/8/health", "/api/lp//health", "/bus/health")).toEqual([
      404, 404, 404, 404,
    ]);
    const everywhere = new Hono().use(mountOnHono(bus));
    expect(await handing((request) => everywhere.fetch(request))("/health", "/x/health")).toEqual([200, 404]);
  });

  it("on Fastify below the prefixes of the plugins around it, and at the root", async () => {
    const { bus } = startBus();
    const app = Fastify();
    await app.register(async (outer) => void (await outer.register(mountOnFastify(bus), { prefix: "/bus" })), {
      prefix: "/api",
    });
    await app.register(mountOnFastify(bus));
    await app.listen({ port: 0, host: "127.0.0.1" });
    const statuses = await at(portOf(app.server));
    expect(await statuses("/api/bus/health", "/health")).toEqual([200, 200]);
    expect(await statuses("/api/bus/x/health", "/x/health", "/api/health")).toEqual([404, 404, 404]);
    await app.close();
  });

  it("on hosts of the Fetch standard at its prefix, else at the root", async () => {
    const { bus } = startBus();
    expect(await handing(mountOnFetch(bus))("/health", "/lp/health")).toEqual([200, 404]);
    expect(await handing(mountOnFetch(bus, { prefix: "/lp" }))("/health", "/lp/health", "/lp/x/health")).toEqual([
      404, 200, 404,
    ]);
  });

  it("also where the request names the host, as to a proxy", async () => {
    const { bus } = startBus();
    expect(await absolute(bus, "/health")).toBe("200");
    expect(await absolute(bus, "/x/health")).toBe("404");
  });
});

async function absolute(bus: Bus, path: string): Promise<string | undefined> {
  const socket = (await dial(await listen(mountOnNode(bus)))).setEncoding("utf8");
  socket.write(`GET http://example.org${path} HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n`);
  const text = (await socket.toArray()).join("");
  return /^HTTP\/1\.1 (\d+)/.exec(text)?.[1];
}
