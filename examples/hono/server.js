import { readFileSync } from "node:fs";
import { serve } from "@hono/node-server";
import { Hono } from "hono";
import { Bus } from "nightbus";
import { mount } from "nightbus/hono";

const bus = new Bus();

/** The lobby is open to all, and the staff's channel to a client with the secret. Ask your own session or token here. */
function mayUse(name, context) {
  return name === "lobby" || (name === "staff" && context.req.header("authorization") === "Bearer secret");
}

const longpolling = mount(bus, {
  channels(asked, context) {
    if (asked.every((name) => mayUse(name, context))) return asked;
    throw Object.assign(new Error("sign in first"), { status: 401 });
  },
  send: (entries, context) => entries.every(([name]) => mayUse(name, context)),
});

const page = read("index.html");
const client = read(import.meta.resolve("nightbus/client"));

const app = new Hono();
app.all("/longpolling/*", longpolling);
app.get("/", (context) => context.html(page));
app.get("/nightbus.js", (context) => context.body(client, 200, { "content-type": "text/javascript" }));

const server = serve({ fetch: app.fetch, port: Number(process.env.PORT ?? 3000) }, ({ port }) => {
  console.log(`http://localhost:${port}`);
});

process.once("SIGTERM", async () => {
  await bus.close();
  server.close();
  setTimeout(() => server.closeAllConnections(), 500).unref(); // a browser may hold a spare connection
});

function read(path) {
  return readFileSync(new URL(path, import.meta.url), "utf8");
}
