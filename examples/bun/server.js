import { Bus } from "nightbus";
import { mount } from "nightbus/fetch";

const bus = new Bus();

/** The lobby is open to all, and the staff's channel to a client with the secret. Ask your own session or token here. */
function mayUse(name, request) {
  return name === "lobby" || (name === "staff" && request.headers.get("authorization") === "Bearer secret");
}

const longpolling = mount(bus, {
  prefix: "/longpolling",
  channels(asked, request) {
    if (asked.every((name) => mayUse(name, request))) return asked;
    throw Object.assign(new Error("sign in first"), { status: 401 });
  },
  send: (entries, request) => entries.every(([name]) => mayUse(name, request)),
});

const file = (url) => new Response(Bun.file(new URL(url, import.meta.url)));

const server = Bun.serve({
  port: Number(process.env.PORT ?? 3000),
  routes: {
    "/": () => file("index.html"),
    "/nightbus.js": () => file(import.meta.resolve("nightbus/client")),
  },
  fetch: longpolling, // Bun hands its server over as the second argument
});
console.log(`http://localhost:${server.port}`);

process.once("SIGTERM", async () => {
  await bus.close();
  await server.stop();
});
