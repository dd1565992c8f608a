import { once } from "node:events";
import { createServer, type RequestListener, type Server } from "node:http";
import type { AddressInfo } from "node:net";

/** Serves on a free port of loopback that takes many connections at once. Resolves with the port. */
export async function listening(served: RequestListener | Server): Promise<number> {
  const server = typeof served === "function" ? createServer(served) : served;
  server.keepAliveTimeout = 0;
  server.listen({ host: "127.0.0.1", port: 0, backlog: 10_000 });
  await once(server, "listening");
  return (server.address() as AddressInfo).port; // the server listens on a port, not a pipe
}
