import http from "node:http";
import { Bus } from "nightbus";
import { mount } from "nightbus/node";
import { sqlite } from "nightbus/sqlite";

const bus = new Bus({ store: sqlite(process.env.DATABASE) });
await bus.ready();
const handler = mount(bus, { prefix: "/longpolling", send: () => true });
const server = http.createServer((request, response) => {
  response.setHeader("Worker", process.pid);
  return handler(request, response);
});
server.listen(Number(process.env.PORT));

process.once("SIGINT", async () => {
  await bus.close();
  server.close(() => process.exit());
});
