import { once } from "node:events";
import { createServer, type Server } from "node:http";
import { createRequire } from "node:module";
import type { AddressInfo } from "node:net";
import { Server as SocketIo } from "socket.io";
import type { WebSocketServer as WsServer } from "ws";
import { Bus, importWebsocket } from "../built.ts";
import { collectGarbage } from "../harness.ts";
import type { Task } from "./fan-out.ts";

// A process of one server of WebSockets. First it says its port. Then it does each job, and answers with a number.

type Send = (message: unknown) => unknown;

// The same ws that the bus takes.
const { WebSocketServer } = createRequire(new URL("../../dist/websocket.js", import.meta.url))("ws") as {
  readonly WebSocketServer: typeof WsServer;
};

const KINDS: Readonly<Record<string, (server: Server) => Promise<Send> | Send>> = {
  nightbus,
  hand,
  "socket.io": socketIo,
};

const server = createServer();
const send = await KINDS[process.argv[2]!]!(server); // sockets.ts names one of them
server.listen(0, "127.0.0.1");
await once(server, "listening");
process.on("message", async (task) => process.send?.(await perform(task as Task))); // nothing else is sent
process.on("disconnect", () => process.exit());
process.send?.((server.address() as AddressInfo).port); // the server listens on a port, not a pipe

async function perform(task: Task): Promise<number> {
  if (task.do === "heap") {
    collectGarbage();
    return process.memoryUsage().heapUsed;
  }
  if (task.do === "cpu") {
    const { user, system } = process.cpuUsage();
    return (user + system) / 1_000;
  }
  if (task.do !== "send") throw new Error(`sockets are not asked for ${task.do}`);
  for (let n = 0; n < task.count; n += 1) {
    await send({ from: "user 7", text: "hello, this is a message", n });
    await new Promise((resolve) => setImmediate(resolve));
  }
  return task.count;
}

async function nightbus(on: Server): Promise<Send> {
  const { websocket } = await importWebsocket();
  const bus = new Bus();
  await bus.ready();
  on.on("upgrade", websocket(bus, { heartbeat: 600_000, lookback: 0 }).upgrade);
  return (data) => bus.sendone("lobby", data);
}

/** A server as many would write it: the set of ws's clients, which are marked alive by their pongs, and frames that become bytes once. */
function hand(on: Server): Send {
  const sockets = new WebSocketServer({ server: on, maxPayload: 2 ** 20 });
  const alive = new WeakSet<object>();
  sockets.on("connection", (socket) => {
    alive.add(socket);
    socket.on("pong", () => alive.add(socket));
    socket.on("error", () => {});
    socket.on("message", (data) => JSON.parse(String(data)));
  });
  let id = 870_000_000_000_000;
  return (data) => {
    id += 1;
    const frame = Buffer.from(JSON.stringify([{ id, message: { type: "lobby", payload: data } }]));
    for (const socket of sockets.clients) socket.send(frame, { binary: false });
  };
}

function socketIo(on: Server): Send {
  const io = new SocketIo(on, {
    path: "/websocket",
    addTrailingSlash: false,
    transports: ["websocket"],
    pingInterval: 600_000,
    pingTimeout: 600_000,
  });
  io.engine.on("headers", (headers: Record<string, string>) => {
    headers["x-socket-io"] = "1"; // by this the clients know the dialect
  });
  let id = 870_000_000_000_000;
  return (data) => {
    id += 1;
    io.emit("message", { id, message: { type: "lobby", payload: data } });
  };
}
