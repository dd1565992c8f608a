import { readFileSync } from "node:fs";
import http from "node:http";
import { Bus } from "nightbus";
import { mount } from "nightbus/node";

const bus = new Bus();

/** The lobby is open to all, and the staff's channel to a client with the secret. Ask your own session or token here. */
function mayUse(name, request) {
  return name === "lobby" || (name === "staff" && request.headers.authorization === "Bearer secret");
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
  "/": [read("index.html"), "text/html"],
  "/nightbus.js": [read(import.meta.resolve("nightbus/client")), "text/javascript"],
};

const server = http.createServer((request, response) => {
  longpolling(request, response, () => {
    const [text, type] = files[request.url] ?? ["not found", "text/plain"];
    response.writeHead(request.url in files ? 200 : 404, { "content-type": type }).end(text);
  });
});

server.listen(Number(process.env.PORT ?? 3000), () => {
  console.log(`http://localhost:${server.address().port}`);
});

process.once("SIGTERM", async () => {
  await bus.close();
  server.close();
  setTimeout(() => server.closeAllConnections(), 500).unref(); // a browser may hold a spare connection
});

function read(path) {
  return readFileSync(new URL(path, import.meta.url));
}
