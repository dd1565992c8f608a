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
    // Good order is that of both, whichever ends last.
    if (code !== 0) process.exitCode = code ?? 1;
    stop();
  });
  return server;
});
let isStopping = false;

process.on("SIGTERM", stop);
process.on("SIGINT", stop);

/** Tells both servers to end. Twice is once, since a signal that comes while a process exits would still end it by itself. */
function stop(): void {
  if (isStopping) return;
  isStopping = true;
  for (const server of servers) server.kill("SIGTERM");
}
