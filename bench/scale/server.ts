import { once } from "node:events";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { Bus, importNode } from "../built.ts";
import { collectGarbage } from "../harness.ts";

// The process of the server. First it says its port. Then it does each task, and answers.

/** The tasks of the server: the readers' number, its memory, one send, and the cost of that send so far. */
export type Task = "count" | "hold" | "wake" | "woken";

/** The memory of the server, in bytes. */
export interface Held {
  readonly heap: number;
  readonly resident: number;
}

/** The cost of a wake, in ms. */
export interface Woken {
  readonly cpu: number;
  readonly pause: number;
}

const { mount } = await importNode();
const bus = new Bus();
await bus.ready();
const handle = mount(bus, { maxWaiting: 1_000_000, heartbeat: 3_600_000, timeout: 3_600_000 });
const server = createServer({ keepAliveTimeout: 0, connectionsCheckingInterval: 3_600_000 }, (request, response) => {
  if (request.url === "/other") response.end();
  else void handle(request, response);
});
server.listen({ port: 0, backlog: 16_384 });
await once(server, "listening");

let sent = 0;
let cpu = process.cpuUsage();
let longest = 0;
let turn = performance.now();
setInterval(() => {
  const now = performance.now();
  longest = Math.max(longest, now - turn);
  turn = now;
}, 1);

process.on("message", async (task) => process.send?.((await perform(task as Task)) as object)); // main.ts sends nothing else
process.on("disconnect", () => process.exit());
process.send?.((server.address() as AddressInfo).port); // the server listens on TCP

async function perform(task: Task): Promise<unknown> {
  if (task === "count") return bus.waiting + bus.stats().streams;
  if (task === "hold") {
    collectGarbage();
    const { heapUsed, rss } = process.memoryUsage();
    return { heap: heapUsed, resident: rss } satisfies Held;
  }
  if (task === "woken") {
    const { user, system } = process.cpuUsage(cpu);
    return { cpu: (user + system) / 1_000, pause: longest } satisfies Woken;
  }
  cpu = process.cpuUsage();
  longest = 0;
  sent += 1;
  await bus.sendone("lobby", { n: sent, text: "hello, this is a message" });
  return sent;
}
