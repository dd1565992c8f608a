import { readFileSync } from "node:fs";
import Fastify from "fastify";
import { Bus } from "nightbus";
import { mount } from "nightbus/fastify";

const bus = new Bus();

/** The lobby is open to all, and the staff's channel to a client with the secret. Ask your own session or token here. */
function mayUse(name, request) {
  return name === "lobby" || (name === "staff" && request.headers.authorization === "Bearer secret");
}

const longpolling = mount(bus, {
  channels(asked, request) {
    if (asked.every((name) => mayUse(name, request))) return asked;
    throw Object.assign(new Error("sign in first"), { status: 401 });
  },
  send: (entries, request) => entries.every(([name]) => mayUse(name, request)),
});

const page = read("index.html");
const client = read(import.meta.resolve("nightbus/client"));

const app = Fastify({ forceCloseConnections: true }); // a browser may hold a spare connection
await app.register(longpolling, { prefix: "/longpolling" });
app.get("/", (_, reply) => reply.type("text/html").send(page));
app.get("/nightbus.js", (_, reply) => reply.type("text/javascript").send(client));

await app.listen({ port: Number(process.env.PORT ?? 3000) });
console.log(`http://localhost:${app.server.address().port}`);

process.once("SIGTERM", async () => {
  await app.close();
  await bus.close();
});

function read(path) {
  return readFileSync(new URL(path, import.meta.url));
}
