import { once } from "node:events";
import { type AddressInfo, createServer, type Socket } from "node:net";
import { Bus } from "nightbus";
import pg from "pg";
import { describe, expect, it, onTestFinished } from "vitest";
import { postgres } from "../../../src/stores/postgres.ts";

describe("a Postgres that cuts off whom it has just let in, as one that shuts down does", () => {
  it.each([
    ["a pool of ours", (url: string) => url],
    ["the application's", (connectionString: string) => new pg.Pool({ connectionString })],
  ])("makes sends reject with code store and does not end the process, on %s", async (_, source) => {
    const bus = new Bus({ store: postgres(source(await cutting())) });
    onTestFinished(() => bus.close());
    await expect(bus.sendone("x", 1)).rejects.toMatchObject({ code: "store", refused: true });
  });
});

/** Starts a server that says in one breath that it is ready and that it ends. */
async function cutting(): Promise<string> {
  const sockets = new Set<Socket>();
  const server = createServer((socket) => {
    sockets.add(socket.on("error", () => {}));
    socket.once("data", () => {
      const ready = [message("R", Buffer.alloc(4)), message("Z", Buffer.from("I"))];
      const fatal = ["SFATAL", "C57P01", "Mterminating connection due to administrator command", ""].join("\0");
      socket.end(Buffer.concat([...ready, message("E", Buffer.from(`${fatal}\0`))]));
    });
  }).listen(0, "127.0.0.1");
  onTestFinished(() => {
    for (const socket of sockets) socket.destroy();
    server.close();
  });
  await once(server, "listening");
  return `postgres://ann@127.0.0.1:${(server.address() as AddressInfo).port}/club`; // the proxy listens on TCP
}

/** A message of Postgres's protocol: its kind, its length, and what it says. */
function message(kind: string, body: Buffer): Buffer {
  const head = Buffer.alloc(5);
  head.write(kind);
  head.writeInt32BE(body.length + 4, 1);
  return Buffer.concat([head, body]);
}
