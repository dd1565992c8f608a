import { once } from "node:events";
import { createServer, type IncomingMessage, type Server, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { serve as serveFetch } from "@hono/node-server";
import express from "express";
import express4 from "express4";
import Fastify, { type FastifyRequest } from "fastify";
import { type Context, Hono } from "hono";
import Koa from "koa";
import { mount as mountOnExpress } from "../../../src/http/express.ts";
import { mount as mountOnFastify } from "../../../src/http/fastify.ts";
import { mount as mountOnFetch } from "../../../src/http/fetch.ts";
import { mount as mountOnHono } from "../../../src/http/hono.ts";
import { mount as mountOnKoa } from "../../../src/http/koa.ts";
import { mount as mountOnNode } from "../../../src/http/node.ts";
import type { Host, Served } from "./host.ts";

/** Calls back with every host that there is a mount for. */
export function onEveryHost(describeOn: <Context>(name: string, host: Host<Context>) => void): void {
  describeOn("node:http", {
    serve: (bus, options, headers) => listen(behind(headers, mountOnNode(bus, options)), ""),
    header: (request: IncomingMessage, name) => nodeHeader(request, name),
  });

  describeOn("node:http with a prefix", {
    serve: (bus, options, headers) => listen(behind(headers, mountOnNode(bus, { ...options, prefix: "/longpolling" }))),
    header: (request: IncomingMessage, name) => nodeHeader(request, name),
  });

  describeOn("Express 5", {
    serve: (bus, options, headers) =>
      listen(behind(headers, express().use("/longpolling", mountOnExpress(bus, options)))),
    header: (request: express.Request, name) => request.get(name),
  });

  describeOn("Express 5 behind express.json()", {
    serve: (bus, options, headers) =>
      listen(behind(headers, express().use(quiet(express.json())).use("/longpolling", mountOnExpress(bus, options)))),
    header: (request: express.Request, name) => request.get(name),
    parsesBodies: true,
  });

  describeOn("Express 4", {
    serve: (bus, options, headers) =>
      listen(behind(headers, express4().use("/longpolling", mountOnExpress(bus, options)))),
    header: (request: express.Request, name) => request.get(name),
  });

  describeOn("Express 4 behind express.json()", {
    serve: (bus, options, headers) =>
      listen(behind(headers, express4().use(quiet(express4.json())).use("/longpolling", mountOnExpress(bus, options)))),
    header: (request: express.Request, name) => request.get(name),
    parsesBodies: true,
  });

  describeOn("Koa", {
    serve: (bus, options, headers) => {
      const app = new Koa().use(mountOnKoa(bus, { ...options, prefix: "/longpolling" }));
      app.silent = true; // Koa prints what its clients get wrong
      return listen(behind(headers, app.callback()));
    },
    header: (context: Koa.Context, name) => context.get(name) || undefined,
  });

  describeOn("Hono", {
    serve: (bus, options, headers) => {
      const app = new Hono();
      app.use(async (context, next) => {
        await next(); // a handler's Response would replace what is set before
        for (const [name, value] of Object.entries(headers)) context.header(name, value, { append: true });
      });
      app.all("/longpolling/*", mountOnHono(bus, options));
      return listening(serveFetch({ fetch: app.fetch, port: 0, hostname: "127.0.0.1" }) as Server);
    },
    header: (context: Context, name) => context.req.header(name),
  });

  describeOn("Fastify", {
    serve: async (bus, options, headers) => {
      const app = Fastify();
      app.addHook("onRequest", async (_, reply) => void reply.headers(headers));
      await app.register(mountOnFastify(bus, options), { prefix: "/longpolling" });
      await app.listen({ port: 0, host: "127.0.0.1" });
      return listening(app.server);
    },
    header: (request: FastifyRequest, name) => nodeHeader(request, name),
  });

  describeOn("fetch", {
    serve: (bus, options) => {
      const fetch = mountOnFetch(bus, { ...options, prefix: "/longpolling" });
      return listening(serveFetch({ fetch, port: 0, hostname: "127.0.0.1" }) as Server);
    },
    header: (request: Request, name) => request.headers.get(name) ?? undefined,
    isAlone: true,
  });
}

const nodeHeader = ({ headers }: Pick<IncomingMessage, "headers">, name: string) => headers[name] as string | undefined;

async function listening(server: Server, path = "/longpolling"): Promise<Served> {
  if (!server.listening) await once(server, "listening");
  const { port } = server.address() as AddressInfo;
  const close = () => {
    server.closeAllConnections();
    return new Promise((resolve) => server.close(resolve));
  };
  const stop = () => new Promise((resolve) => server.close(resolve));
  return { url: `http://127.0.0.1:${port}${path}`, close, stop };
}

type Handler = (request: IncomingMessage, response: ServerResponse) => unknown;
const listen = (handler: Handler, path?: string) => listening(createServer(handler).listen(0, "127.0.0.1"), path);

/** A handler behind something that sets headers. */
const behind =
  (headers: Readonly<Record<string, string>>, handler: Handler): Handler =>
  (request, response) => {
    for (const [name, value] of Object.entries(headers)) response.setHeader(name, value);
    return handler(request, response);
  };

// Express prints what its parser throws, unless an error handler takes it.
type Middleware = (request: never, response: never, next: (error?: unknown) => void) => void;
function quiet(parser: Middleware): express.RequestHandler {
  return (request, response, next) =>
    parser(request as never, response as never, (error) => {
      if (error === undefined) next();
      else response.status((error as { status: number }).status).end();
    });
}
