import { bus } from "./src/bus.js";

process.env.ASTRO_NODE_AUTOSTART = "disabled";
const { startServer } = await import("./dist/server/entry.mjs");
const { server } = startServer();

process.once("SIGTERM", async () => {
  await bus.close();
  server.server.close();
});
