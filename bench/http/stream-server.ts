import { once } from "node:events";
import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import { type AddressInfo, connect } from "node:net";
import { createChannel, createSession } from "better-sse";
import { Bus, importNode } from "../built.ts";
import { collectGarbage } from "../harness.ts";
import { quantile } from "../numbers.ts";
import type { StreamKind, Task } from "./fan-out.ts";
import { byHand, type Streaming } from "./hand/streaming.ts";

// A process of one server of streams. First it says its port. Then it does each job, and answers with a number.

const [kind] = process.argv.slice(2) as [StreamKind]; // fan-out.ts starts it so
const { listener, send } = await streaming(kind);
const server = createServer(listener);
server.keepAliveTimeout = 0;
server.listen(0, "127.0.0.1");
await once(server, "listening");
const { port } = server.address() as AddressInfo; // the server listens on a port, not a pipe
process.on("message", async (task) => process.send?.(await perform(task as Task))); // nothing else is sent
process.on("disconnect", () => process.exit());
process.send?.(port);

async function perform(task: Task): Promise<number> {
  if (task.do === "heap") {
    collectGarbage();
    return process.memoryUsage().heapUsed;
  }
  if (task.do === "latency") return latency(task.count);
  if (task.do === "cpu") {
    const { user, system } = process.cpuUsage();
    return (user + system) / 1_000;
  }
  if (task.do !== "send") throw new Error(`streams are not asked for ${task.do}`);
  for (let n = 0; n < task.count; n += 1) {
    await send(message(n));
    await new Promise((resolve) => setImmediate(resolve));
  }
  return task.count;
}

/** The median of the times from a send to its arrival at a client in this process, in ms. */
async function latency(count: number): Promise<number> {
  const client = connect(port, "127.0.0.1");
  client.write("GET /events?channels=lobby HTTP/1.1\r\nHost: x\r\n\r\n");
  await once(client, "data");
  const times: number[] = [];
  for (let n = 0; n < count; n += 1) {
    const start = performance.now();
    const arrived = once(client, "data");
    void send(message(n));
    await arrived;
    times.push(performance.now() - start);
    await new Promise((resolve) => setImmediate(resolve));
  }
  client.destroy();
  return quantile(times, 0.5);
}

function message(n: number): unknown {
  return { from: "user 7", text: "hello, this is a message", n };
}

async function streaming(of: StreamKind): Promise<Streaming> {
  if (of === "nightbus") return nightbus();
  return of === "better-sse" ? betterSse() : byHand(of === "chunk");
}

async function nightbus(): Promise<Streaming> {
  const { mount } = await importNode();
  const bus = new Bus();
  await bus.ready();
  return { listener: mount(bus, { heartbeat: 600_000 }), send: (data) => bus.sendone("lobby", data) };
}

function betterSse(): Streaming {
  const channel = createChannel();
  let id = 870_000_000_000_000;
  const listener = async (request: IncomingMessage, response: ServerResponse): Promise<void> => {
    const session = await createSession(request, response, { keepAlive: null });
    channel.register(session);
    response.write(": there it is\n\n");
  };
  const toAll = (data: unknown): void => {
    id += 1;
    channel.broadcast({ id, channel: "lobby", message: data }, "message", { eventId: String(id) });
  };
  return { listener, send: toAll };
}
