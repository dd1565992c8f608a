import { readFileSync } from "node:fs";
import Koa from "koa";
import { Bus } from "nightbus";
import { mount } from "nightbus/koa";

const bus = new Bus();

/** The lobby is open to all, and the staff's channel to a client with the secret. Ask your own session or token here. */
function mayUse(name, context) {
  return name === "lobby" || (name === "staff" && context.get("authorization") === "Bearer secret");
}

const longpolling = mount(bus, {
  prefix: "/longpolling",
  channels(asked, context) {
    if (asked.every((name) => mayUse(name, context))) return asked;
    throw Object.assign(new Error("sign in first"), { status: 401 });
  },
  send: (entries, context) => entries.every(([name]) => mayUse(name, context)),
});

const files = {
  "/": [read("index.html"), "text/html"],
  "/nightbus.js": [read(import.meta.resolve("nightbus/client")), "text/javascript"],
};

const app = new Koa();
app.use(longpolling);
app.use((context) => {
  if (context.path in files) [context.body, context.type] = files[context.path];
});

const server = app.listen(Number(process.env.PORT ?? 3000), () => {
  console.log(`http://localhost:${server.address().port}`);
});

process.once("SIGTERM", async () => {
  await bus.close();
  server.close();
  setTimeout(() => server.closeAllConnections(), 500).unref(); // a browser may hold a spare connection
});

function read(path) {
  return readFileSync(new URL(path, import.meta.url), "utf8");
}
