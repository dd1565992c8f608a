import { once } from "node:events";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import type { Websockets } from "nightbus/websocket";

/** A server of this runtime that has sockets. */
export interface SocketServer {
  /** The address without a path or a scheme. */
  readonly host: string;
  stop(): Promise<unknown>;
}

type Handler = (request: Request, server?: unknown) => Promise<Response>;

const ADDRESS = { hostname: "127.0.0.1", port: 0 };

/** The servers of Bun and of Deno, as far as sockets use them. */
interface Globals {
  readonly Bun?: {
    serve(options: typeof ADDRESS & { readonly fetch: Handler; readonly websocket: unknown }): {
      readonly port: number;
      stop(): Promise<void>;
    };
  };
  readonly Deno?: {
    serve(
      options: typeof ADDRESS & { onListen(): void },
      handler: Handler,
    ): { readonly addr: { readonly port: number }; shutdown(): Promise<void> };
  };
}

/** Starts the server that this runtime has of its own. Any other path is answered "application". */
export async function serveSockets(sockets: Websockets): Promise<SocketServer> {
  const { Bun, Deno } = globalThis as Globals;
  const handler: Handler = async (request, server) =>
    (await sockets.fetch(request, server)) ?? new Response("application");
  if (Bun !== undefined) {
    const server = Bun.serve({ ...ADDRESS, fetch: handler, websocket: sockets.bun });
    return { host: `127.0.0.1:${server.port}`, stop: () => server.stop() };
  }
  if (Deno !== undefined) {
    const server = Deno.serve({ ...ADDRESS, onListen() {} }, handler);
    return { host: `127.0.0.1:${server.addr.port}`, stop: () => server.shutdown() };
  }
  const server = createServer((request, response) => {
    void sockets.handle(request, response, () => void response.end("application"));
  });
  server.on("upgrade", sockets.upgrade).listen(0, "127.0.0.1");
  await once(server, "listening");
  return {
    host: `127.0.0.1:${(server.address() as AddressInfo).port}`,
    stop() {
      server.closeAllConnections();
      return new Promise((resolve) => server.close(resolve));
    },
  };
}
