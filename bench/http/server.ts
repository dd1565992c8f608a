import { createServer, type RequestListener } from "node:http";
import type { AddressInfo } from "node:net";
import express from "express";
import { Bus, importNode } from "../built.ts";
import { bare, floor } from "./hand/answering.ts";
import type { Kind, Listening } from "./servers.ts";

// A process of one server. First it says its address, then its processor time in ms at each request. The process ends
// with its parent.

/** Every bus here begins at the same id, so that all servers have the same answer to give. */
const BEGIN = 870_000_000_000_000;

const [kind, answer = ""] = process.argv.slice(2) as [Kind, string?]; // servers.ts starts it so

const server = createServer(await listenerOf(kind));
server.listen(0, "127.0.0.1", () => {
  const { port } = server.address() as AddressInfo; // the server listens on a port, not a pipe
  process.send?.({ port, last: BEGIN } satisfies Listening);
});
process.on("message", () => process.send?.(processorTime())); // all it is ever asked for
process.on("disconnect", () => process.exit());

function processorTime(): number {
  const { user, system } = process.cpuUsage();
  return (user + system) / 1_000;
}

async function listenerOf(of: Kind): Promise<RequestListener> {
  if (of === "nightbus") return nightbus();
  if (of === "floor") return floor(answer);
  return of === "express" ? byExpress() : bare(answer);
}

async function nightbus(): Promise<RequestListener> {
  const { mount } = await importNode();
  const bus = new Bus({
    clock: {
      now: () => Date.now(),
      monotonic: () => performance.now(),
      base: () => BEGIN,
      setTimeout: (callback, ms) => setTimeout(callback, ms),
      clearTimeout: (timer) => clearTimeout(timer as NodeJS.Timeout),
    },
  });
  await bus.sendmany([["lobby", { from: "user 7", text: "hello, this is a message" }]]);
  return mount(bus);
}

function byExpress(): RequestListener {
  const app = express();
  app.use(express.json());
  app.post("/poll", (request, response) => {
    const asked = request.body as { readonly channels?: unknown };
    response
      .status(Array.isArray(asked.channels) ? 200 : 400)
      .type("json")
      .send(answer);
  });
  return app;
}
