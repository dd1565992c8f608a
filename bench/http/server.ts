import { createServer, type IncomingMessage, type RequestListener, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import express from "express";
import { Bus, importNode } from "../built.ts";
import type { Kind, Listening } from "./servers.ts";
import { textOf } from "./text-of.ts";

// A process of one server. First it says its address, then its processor time in ms at each request. The process ends
// with its parent.

/** Every bus here begins at the same id, so that all servers have the same answer to give. */
const BEGIN = 870_000_000_000_000;

/** The headers of the bus's own answers, so that what a bare server writes is the same to the byte. */
const HEADERS = {
  "Content-Type": "application/json; charset=utf-8",
  "Cache-Control": "no-store",
  "X-Content-Type-Options": "nosniff",
};

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
  if (of === "floor") return floor;
  return of === "express" ? byExpress() : bare;
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

function bare(request: IncomingMessage, response: ServerResponse): void {
  const chunks: Buffer[] = [];
  request.on("data", (chunk: Buffer) => chunks.push(chunk));
  request.on("end", () => {
    const asked = JSON.parse(Buffer.concat(chunks).toString()) as { readonly channels?: unknown };
    const status = Array.isArray(asked.channels) ? 200 : 400;
    response.writeHead(status, { ...HEADERS, "Content-Length": Buffer.byteLength(answer) });
    response.end(answer);
  });
}

/**
 * The work that no long poll can omit: reading a bounded body, naming its errors, waiting, and noticing a client that
 * leaves.
 */
async function floor(request: IncomingMessage, response: ServerResponse): Promise<void> {
  const left = new Set<() => void>();
  response.on("close", () => {
    for (const each of left) each();
  });
  try {
    if (request.headers["content-type"] !== "application/json") throw new Error("415");
    const text = await textOf(request, 65_536);
    const { channels, last } = JSON.parse(text) as { readonly channels?: unknown; readonly last?: unknown };
    if (!Array.isArray(channels) || !channels.every((channel) => typeof channel === "string")) throw new Error("400");
    if (!Number.isSafeInteger(last)) throw new Error("400");
    response.writeHead(200, { ...HEADERS, "Content-Length": Buffer.byteLength(answer) });
    response.end(answer);
  } catch (error) {
    response.writeHead(Number((error as Error).message)).end();
  }
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
