import { fileURLToPath } from "node:url";
import express from "express";
import { Bus } from "nightbus";
import { mount } from "nightbus/express";

const bus = new Bus();

/** The lobby is open to all, and the staff's channel to a client with the secret. Ask your own session or token here. */
function mayUse(name, request) {
  return name === "lobby" || (name === "staff" && request.get("authorization") === "Bearer secret");
}

const app = express();
app.use(
  "/longpolling",
  mount(bus, {
    channels(asked, request) {
      if (asked.every((name) => mayUse(name, request))) return asked;
      throw Object.assign(new Error("sign in first"), { status: 401 });
    },
    send: (entries, request) => entries.every(([name]) => mayUse(name, request)),
  }),
);

const file = (url) => fileURLToPath(new URL(url, import.meta.url));
app.get("/", (_, response) => response.sendFile(file("index.html")));
app.get("/nightbus.js", (_, response) => response.sendFile(file(import.meta.resolve("nightbus/client"))));

const server = app.listen(Number(process.env.PORT ?? 3000), () => {
  console.log(`http://localhost:${server.address().port}`);
});

process.once("SIGTERM", async () => {
  await bus.close();
  server.close();
  setTimeout(() => server.closeAllConnections(), 500).unref(); // a browser may hold a spare connection
});
