import { once } from "node:events";
import type { RequestListener } from "node:http";
import { createServer } from "node:http";
import { type AddressInfo, connect, type Server, type Socket } from "node:net";
import { onTestFinished } from "vitest";
import { Bus } from "../../src/bus.ts";
import type { BusOptions } from "../../src/options.ts";

/** A bus that ends with the test, and what it complained of. */
export function startBus(options: BusOptions = {}): { bus: Bus; errors: Error[] } {
  const bus = new Bus(options);
  const errors: Error[] = [];
  bus.on("error", (error) => errors.push(error));
  onTestFinished(() => bus.close());
  return { bus, errors };
}

/** The port of a server of `node:http` with this handler. The server ends with the test. */
export function listen(handler: RequestListener): Promise<number> {
  const server = createServer(handler);
  onTestFinished(() => server.closeAllConnections());
  return portOf(server);
}

export async function portOf(server: Server): Promise<number> {
  onTestFinished(() => void server.close());
  if (!server.listening) await once(server.listen(0, "127.0.0.1"), "listening");
  return (server.address() as AddressInfo).port; // the server listens on TCP
}

/** A bare connection. The server ends with the test. */
export async function dial(port: number): Promise<Socket> {
  const socket = connect({ port, host: "127.0.0.1" });
  onTestFinished(() => void socket.destroy());
  await once(socket, "connect");
  return socket;
}

/** A POST of JSON as it goes over the wire; `length` where it says another than it has. */
export function written(path: string, body: string, length = Buffer.byteLength(body)): string {
  const headers = ["Host: localhost", "Content-Type: application/json", `Content-Length: ${length}`];
  return `${[`POST ${path} HTTP/1.1`, ...headers].join("\r\n")}\r\n\r\n${body}`;
}
