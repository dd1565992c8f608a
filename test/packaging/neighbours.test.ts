import { beforeAll, describe, expect, it } from "vitest";
import { hasTools, Project } from "./project.ts";

/** A server with the sockets of Socket.IO, of Vite's development server and of nightbus, and a client of each. */
const PROGRAM = `
import { once } from "node:events";
import { createServer } from "node:http";
import { Bus } from "nightbus";
import { websocket } from "nightbus/websocket";
import { Server } from "socket.io";
import { io } from "socket.io-client";
import { createServer as createVite } from "vite";
import WebSocket from "ws";

const bus = new Bus();
const server = createServer();
const neighbours = {
  async nightbus() {
    server.on("upgrade", websocket(bus).upgrade);
  },
  async socketIo() {
    new Server(server).on("connection", (socket) => socket.emit("hello", "socket.io"));
  },
  async vite() {
    vite = await createVite({ server: { middlewareMode: true, hmr: { server } }, appType: "custom", logLevel: "error", configFile: false });
  },
};
let vite;
for (const name of process.argv.slice(2)) await neighbours[name]();
server.listen(0, "127.0.0.1");
await once(server, "listening");
const address = "127.0.0.1:" + server.address().port;
await bus.sendone("lobby", "nightbus");

const mine = new WebSocket("ws://" + address + "/websocket?version=17.0");
await once(mine, "open");
mine.send(JSON.stringify({ event_name: "subscribe", data: { channels: ["lobby"], last: 0 } }));
const [frame] = await once(mine, "message");
console.log(JSON.parse(frame)[0].message.payload);

const theirs = io("http://" + address, { transports: ["websocket"], reconnection: false });
console.log(await new Promise((resolve, reject) => theirs.on("hello", resolve).on("connect_error", reject)));

const token = vite.config.webSocketToken;
const page = new WebSocket("ws://" + address + "/?token=" + token, "vite-hmr");
const [greeting] = await once(page, "message");
console.log("vite", JSON.parse(greeting).type);

const strange = new WebSocket("ws://" + address + "/nobody");
await new Promise((resolve) => strange.on("error", resolve));
await new Promise((resolve) => setTimeout(resolve, 1_500)); // Socket.IO ends upgrades that nobody took after a second
console.log([mine.readyState, theirs.connected, page.readyState].join(" "));
process.exit();
`;

describe.runIf(hasTools)("sockets of others on one server", () => {
  let project: Project;
  beforeAll(() => {
    project = new Project("module", ["ws", "vite", "socket.io", "socket.io-client"]);
    project.write({ "beside.mjs": PROGRAM });
  });

  it.each([[["nightbus", "socketIo", "vite"]], [["vite", "socketIo", "nightbus"]]])(
    "work beside ours, in the order %s",
    async (order) => {
      const said = await project.node(["beside.mjs", ...order]);
      expect(said.trim().split("\n")).toEqual(["nightbus", "socket.io", "vite connected", "1 true 1"]);
    },
  );
});
