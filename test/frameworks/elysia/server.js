import { Elysia } from "elysia";
import { Bus } from "nightbus";
import { mount } from "nightbus/fetch";

const bus = new Bus();
const handler = mount(bus, { prefix: "/longpolling", send: () => true });

const app = new Elysia()
  .all("/longpolling/*", ({ request, server }) => handler(request, server), { parse: "none" })
  .get("/stats", () => bus.stats())
  .listen(process.env.PORT ?? 3000);

process.once("SIGTERM", async () => {
  await bus.close();
  await app.stop();
});
