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

const files = {
  "/": [await read("index.html"), "text/html"],
  "/nightbus.js": [await read(import.meta.resolve("nightbus/client")), "text/javascript"],
};

const server = Deno.serve({ port: Number(Deno.env.get("PORT") ?? 3000), onListen }, (request) => {
  const [text, type] = files[new URL(request.url).pathname] ?? [];
  return text === undefined ? longpolling(request) : new Response(text, { headers: { "content-type": type } });
});

Deno.addSignalListener("SIGTERM", async () => {
  await bus.close();
  await server.shutdown();
  Deno.exit();
});

function onListen({ port }) {
  console.log(`http://localhost:${port}`);
}

function read(path) {
  return Deno.readTextFile(new URL(path, import.meta.url));
}
