// Runs a server of one host until SIGTERM, and ends it in one order: `server.ts HOST ORDER`.
import { createServer, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { serve } from "@hono/node-server";
import express from "express";
import express4 from "express4";
import Fastify from "fastify";
import { Hono } from "hono";
import Koa from "koa";
import { Bus } from "nightbus";
import { mount as mountOnExpress } from "nightbus/express";
import { mount as mountOnFastify } from "nightbus/fastify";
import { mount as mountOnHono } from "nightbus/hono";
import { mount as mountOnKoa } from "nightbus/koa";
import { mount as mountOnNode } from "nightbus/node";

const [host, order] = process.argv.slice(2) as [keyof typeof SERVERS, keyof typeof ORDERS];
const bus = new Bus();

const SERVERS = {
  node: (): Server => createServer(mountOnNode(bus, { prefix: "/bus" })).listen(0),
  express: (): Server => express().use("/bus", mountOnExpress(bus)).listen(0),
  express4: (): Server => express4().use("/bus", mountOnExpress(bus)).listen(0),
  koa: (): Server => new Koa().use(mountOnKoa(bus, { prefix: "/bus" })).listen(0),
  hono: (): Server => {
    const app = new Hono().all("/bus/*", mountOnHono(bus));
    return serve({ fetch: app.fetch, port: 0 }) as Server; // without TLS this is a server of node:http
  },
  fastify: (): Server => fastify.server,
};
const fastify = Fastify();

const ORDERS = {
  "the bus, then the server": async () => {
    await bus.close();
    await closed();
  },
  "the server, then the bus": async () => {
    const closing = closed();
    await bus.close();
    await closing;
  },
  "the application, awaited, then the bus": async () => {
    await closed();
    await bus.close();
  },
};

function closed(): Promise<unknown> {
  if (host === "fastify") return fastify.close();
  return new Promise((resolve) => server.close(resolve));
}

await fastify.register(mountOnFastify(bus), { prefix: "/bus" });
if (host === "fastify") await fastify.listen({ port: 0 });
const server = SERVERS[host]();
const report = (): void => console.log((server.address() as AddressInfo).port);
if (server.listening) report();
else server.once("listening", report);
process.once("SIGTERM", () => ORDERS[order]());
