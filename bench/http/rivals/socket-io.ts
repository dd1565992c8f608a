import { createServer } from "node:http";
import { Server } from "socket.io";
import { listening } from "./listening.ts";
import type { Rival } from "./rival.ts";

/** Starts Socket.IO on WebSockets alone. */
export function start(): Promise<Rival> {
  return serve({});
}

/** Starts Socket.IO with connection state recovery, which keeps what a client misses while it is away. */
export function startRecovering(): Promise<Rival> {
  return serve({ connectionStateRecovery: { maxDisconnectionDuration: 30_000 } });
}

async function serve(options: object): Promise<Rival> {
  const server = createServer();
  const io = new Server(server, {
    ...options,
    path: "/websocket",
    addTrailingSlash: false,
    transports: ["websocket"],
    pingInterval: 600_000,
    pingTimeout: 600_000,
  });
  const port = await listening(server);
  return { port, send: (sent) => io.emit("notification", sent) };
}
