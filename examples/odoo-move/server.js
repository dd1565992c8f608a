import express from "express";
import { Bus } from "nightbus";
import { mount } from "nightbus/express";
import { presence } from "nightbus/presence";
import { sqlite } from "nightbus/sqlite";
import { odooStatus, websocket } from "nightbus/websocket";
import { hasEnded, isStaff, partnerOf, signOut } from "./sessions.js";

const bus = new Bus({ store: sqlite(process.env.BUS_FILE ?? "bus.sqlite") });

/** The statuses of partners. The default grace of 65 s suits pages of 12 to 16, which may be silent for a minute. */
const here = presence(bus, {
  member: (request) => (partnerOf(request) === undefined ? undefined : { id: partnerOf(request) }),
  joins: () => false,
  sees: (request, ids) => (partnerOf(request) === undefined ? [] : ids),
  statusTo: odooStatus("res.partner"),
});

/** The private channel of the session's partner, as `_poll` and `_build_bus_channel_list` added it. */
function own(request) {
  return partnerOf(request) === undefined ? [] : [["res.partner", partnerOf(request)]];
}

const app = express();
app.use("/longpolling", mount(bus, { presence: here, channels: (asked, request) => [...asked, ...own(request)] }));

/** The application sends here: a name is a public channel, and a list such as ["res.partner", 3] a private one. */
app.post("/send", express.json(), async (request, response) => {
  if (!isStaff(request)) response.status(403).end();
  else response.json({ id: await bus.sendone(request.body.channel, request.body.message) });
});

app.post("/sign-out", (request, response) => {
  signOut(request);
  response.end();
});

const sockets = websocket(bus, {
  presence: here,
  user: partnerOf,
  alive: (request) => !hasEnded(request),
  channels: (asked, request, { presence: targets }) => [
    ...asked,
    ...own(request),
    ...(partnerOf(request) === undefined ? [] : targets.map(({ model, id }) => [model, id, "presence"])),
  ],
});
app.use(sockets.handle);

const server = app.listen(Number(process.env.PORT ?? 3000), () => {
  console.log(`http://localhost:${server.address().port}`);
});
server.on("upgrade", sockets.upgrade);

process.once("SIGTERM", async () => {
  await bus.close();
  server.close();
});
