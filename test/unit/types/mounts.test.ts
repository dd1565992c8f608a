import type { IncomingMessage } from "node:http";
import express, { type Request } from "express";
import Fastify, { type FastifyRequest } from "fastify";
import { Hono } from "hono";
import Koa from "koa";
import { Bus } from "nightbus";
import { mount as onExpress } from "nightbus/express";
import { type FastifyInstance, mount as onFastify } from "nightbus/fastify";
import { mount as onFetch } from "nightbus/fetch";
import { mount as onHono } from "nightbus/hono";
import { mount as onKoa } from "nightbus/koa";
import { mount as onNode } from "nightbus/node";
import { presence } from "nightbus/presence";
import { websocket } from "nightbus/websocket";
import { expect, it } from "vitest";

interface Chat {
  lobby: { text: string };
  "res.partner": { note: string };
}
interface SignedIn extends Request {
  user: { id: number };
}

it("types hooks with the framework's own request", async () => {
  const bus = new Bus<Chat>().setMaxListeners(20); // each mount listens for its close
  const app = express();
  app.use(
    "/longpolling",
    onExpress(bus, { channels: (asked, request: SignedIn) => [...asked, ["res.partner", request.user.id]] }) as never,
  );
  app.use(
    "/longpolling",
    onExpress(bus, { channels: (asked, request: Request) => [...asked, ["res.partner", request.ip ?? ""]] }),
  );
  app.use("/longpolling", onExpress(bus));
  // @ts-expect-error a tuple of a name that the bus does not have
  onExpress(bus, { channels: (asked) => [...asked, ["nope", 1]] });
  // @ts-expect-error a message that does not fit its channel
  onExpress(bus, { send: () => [["lobby", { wrong: 1 }]] });
  onNode(bus, { channels: (asked, request) => [...asked, ["res.partner", request.headers.cookie ?? ""]] });
  new Koa().use(onKoa(bus, { channels: (asked, context: Koa.Context) => [...asked, ["res.partner", context.ip]] }));
  new Koa().use(onKoa(bus));
  new Hono().all("/longpolling/*", onHono(bus));
  new Hono().all(
    "/longpolling/*",
    onHono(bus, {
      channels: (asked, context: import("hono").Context) => [...asked, ["res.partner", context.req.path]],
    }),
  );
  const fastify = Fastify();
  fastify.register(onFastify(bus), { prefix: "/a" });
  fastify.register(
    onFastify(bus, { channels: (asked, request: FastifyRequest) => [...asked, ["res.partner", request.ip]] }),
    { prefix: "/b" },
  );
  const instances: FastifyInstance[] = [fastify, Fastify({ http2: true })];
  const handler: (request: Request_) => Promise<Response> = onFetch(bus);
  await fastify.close();
  await bus.close();
  expect(handler).toBeTypeOf("function");
  expect(instances).toHaveLength(2);
});

it("gives one presence to sockets and mounts, with the requests of their hosts", async () => {
  const id = 3;
  const node = new Bus<Chat>();
  const ofNode = presence(node, {
    member: (request: IncomingMessage) => (request.headers.cookie ? { id } : undefined),
  });
  websocket(node, { presence: ofNode, channels: (asked) => [...asked, ["res.partner", 3]] });
  onNode(node, { presence: ofNode });
  onExpress(node, { presence: ofNode });
  onExpress(node, { presence: ofNode, channels: (asked, request: Request) => [...asked, request.ip ?? ""] });
  const ofExpress = presence(node2, {
    member: (request: SignedIn) => ({ id: request.user.id, info: { name: "Ann" } }),
  });
  onExpress(node2, { presence: ofExpress });
  websocket(node2, { presence: ofExpress });
  // @ts-expect-error a request of Node has no user
  onNode<Chat, IncomingMessage>(node2, { presence: ofExpress });
  const web = new Bus<Chat>();
  const ofFetch = presence(web, { member: (request: Request_) => ({ id: request.headers.get("cookie") ?? "" }) });
  websocket(web, { presence: ofFetch });
  onFetch(web, { presence: ofFetch });
  const any = presence(plain, {
    member: ({ headers }: { readonly headers: object }) => ("x" in headers ? { id } : undefined),
  });
  websocket(plain, { presence: any });
  onNode(plain, { presence: any });
  onFetch(plain, { presence: any });
  for (const bus of [node, node2, web, plain]) await bus.close();
  expect(ofNode.status(3)).toBe("offline");
});

const node2 = new Bus<Chat>();
const plain = new Bus<Chat>();

type Request_ = globalThis.Request;
