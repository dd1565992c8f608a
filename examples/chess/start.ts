import { fork } from "node:child_process";
import { fileURLToPath } from "node:url";
import { isShared } from "./store.ts";

// One process; or two, on this port and on the next, when they can share a bus. A balancer would send people to either.
const PORT = Number(process.env["PORT"] ?? 3000);
const ports = isShared ? [PORT, PORT === 0 ? 0 : PORT + 1] : [PORT];
const servers = ports.map((port) => {
  const server = fork(fileURLToPath(new URL("server.ts", import.meta.url)), {
    env: { ...process.env, PORT: `${port}` },
  });
  server.once("exit", (code) => {
    process.exitCode = code ?? 1;
    for (const other of servers) other.kill("SIGTERM");
  });
  return server;
});

process.once("SIGTERM", () => servers.map((server) => server.kill("SIGTERM")));
process.once("SIGINT", () => {}); // the servers of this terminal hear it too
