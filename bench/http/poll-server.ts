import { once } from "node:events";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { Bus, importNode } from "../built.ts";
import type { Task } from "./fan-out.ts";
import { byHand, floor, type Polled } from "./hand/holding.ts";

// A process of one server that holds polls. First it says its port. Then it does each job, and answers with a number.

const KINDS = { nightbus, hand: async () => byHand(), floor: async () => floor() };
const [kind] = process.argv.slice(2) as [keyof typeof KINDS]; // h4.ts starts it so
const { listener, parked, last, send } = await KINDS[kind]();
const server = createServer(listener);
server.keepAliveTimeout = 0;
server.listen({ host: "127.0.0.1", port: 0, backlog: 10_000 });
await once(server, "listening");
const { port } = server.address() as AddressInfo; // the server listens on a port, not a pipe
let sent = 0;
process.on("message", async (task) => process.send?.(await perform(task as Task))); // nothing else is sent
process.on("disconnect", () => process.exit());
process.send?.(port);

async function perform(task: Task): Promise<number> {
  if (task.do === "parked") return parked();
  if (task.do === "last") return last();
  if (task.do === "send") {
    sent += 1;
    await send({ from: "user 7", text: "hello, this is a message", n: sent });
    return sent;
  }
  if (task.do !== "cpu") throw new Error(`polls are not asked for ${task.do}`);
  const { user, system } = process.cpuUsage();
  return (user + system) / 1_000;
}

async function nightbus(): Promise<Polled> {
  const { mount } = await importNode();
  const bus = new Bus();
  await bus.ready();
  return {
    listener: mount(bus),
    parked: () => bus.waiting,
    last: () => bus.last,
    send: (message) => bus.sendone("lobby", message),
  };
}
