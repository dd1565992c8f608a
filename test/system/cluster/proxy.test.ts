import { once } from "node:events";
import { connect, createServer, type Socket } from "node:net";
import { describe, expect, it, onTestFinished } from "vitest";
import { portOf } from "../../http/servers.ts";
import { eventually } from "../../support/eventually.ts";
import { TcpProxy } from "./proxy.ts";

/** A proxy in front of a server that says what it hears, and the connections of that server. */
async function start(): Promise<{ proxy: TcpProxy; served: Set<Socket> }> {
  const served = new Set<Socket>();
  const server = createServer((socket) => {
    served.add(socket);
    socket.on("error", () => {}).on("close", () => served.delete(socket));
    socket.pipe(socket);
  });
  const port = await portOf(server);
  onTestFinished(() => {
    for (const socket of served) socket.destroy();
  });
  const proxy = await TcpProxy.open(() => port);
  onTestFinished(() => proxy.close());
  return { proxy, served };
}

/** A client, and what it has heard. */
async function dial(
  proxy: TcpProxy,
): Promise<{ socket: Socket; heard: () => string; error: () => string | undefined }> {
  const socket = connect({ port: proxy.port, host: "127.0.0.1" });
  onTestFinished(() => void socket.destroy());
  let text = "";
  let code: string | undefined;
  socket.on("data", (data) => {
    text += data.toString();
  });
  socket.on("error", (error: NodeJS.ErrnoException) => {
    code = error.code;
  });
  await once(socket, "connect");
  return { socket, heard: () => text, error: () => code };
}

const hears = (heard: () => string, text: string) =>
  eventually(
    () => `${text} is heard`,
    () => heard() === text,
    5_000,
  );

describe("the proxy", () => {
  it("passes what is said both ways, however large, and the end of it", async () => {
    const { proxy, served } = await start();
    const { socket, heard } = await dial(proxy);
    const large = "x".repeat(3_000_000);
    socket.end(large);
    await once(socket, "close");
    expect(heard() === large).toBe(true);
    await eventually(
      () => "the connection is gone",
      () => proxy.connections === 0 && served.size === 0,
      5_000,
    );
  });

  it("drops connections on both sides, and new ones until it is restored", async () => {
    const { proxy, served } = await start();
    const first = await dial(proxy);
    first.socket.write("a");
    await hears(first.heard, "a");
    proxy.drop();
    await eventually(
      () => "the client is reset",
      () => first.error() === "ECONNRESET",
      5_000,
    );
    await eventually(
      () => "the server is reset",
      () => served.size === 0,
      5_000,
    );
    const second = connect({ port: proxy.port, host: "127.0.0.1" });
    await expect(once(second, "close").then(() => undefined)).rejects.toMatchObject({ code: "ECONNRESET" });
    proxy.restore();
    const third = await dial(proxy);
    third.socket.write("c");
    await hears(third.heard, "c");
  });

  it("cuts the connections that there are, and no other", async () => {
    const { proxy } = await start();
    const first = await dial(proxy);
    await eventually(
      () => "it is connected",
      () => proxy.connections === 1,
      5_000,
    );
    proxy.cut();
    await eventually(
      () => "the client is reset",
      () => first.error() === "ECONNRESET",
      5_000,
    );
    const second = await dial(proxy);
    second.socket.write("b");
    await hears(second.heard, "b");
  });

  it("delays both ways, in order", async () => {
    const { proxy } = await start();
    const { socket, heard } = await dial(proxy);
    proxy.delay(40);
    const began = performance.now();
    for (const letter of ["a", "b", "c"]) socket.write(letter);
    await hears(heard, "abc");
    expect(performance.now() - began).toBeGreaterThan(75);
  });

  it("half-opens: accepts and hears everything, forwards nothing until it is restored", async () => {
    const { proxy, served } = await start();
    const old = await dial(proxy);
    old.socket.write("a");
    await hears(old.heard, "a");
    proxy.halfOpen();
    old.socket.write("b");
    const young = await dial(proxy);
    young.socket.write("x");
    for (const socket of served) socket.write("from the server");
    // Long enough for what were not held to arrive, as the letter before it did.
    for (let turn = 0; turn < 50; turn += 1) await new Promise((resolve) => setImmediate(resolve));
    expect([old.heard(), young.heard()]).toEqual(["a", ""]);
    proxy.restore();
    await hears(old.heard, "afrom the serverb");
    await hears(young.heard, "x");
  });

  it("forgets the connections of now for good, until they are cut", async () => {
    const { proxy } = await start();
    const old = await dial(proxy);
    old.socket.write("a");
    await hears(old.heard, "a");
    proxy.forget();
    old.socket.write("b");
    const young = await dial(proxy);
    young.socket.write("x");
    await hears(young.heard, "x");
    proxy.restore();
    young.socket.write("y");
    await hears(young.heard, "xy");
    expect(old.heard()).toBe("a");
    proxy.cut();
    await eventually(
      () => "the client is reset",
      () => old.error() === "ECONNRESET",
      5_000,
    );
  });

  it("resets who connects while there is nothing behind it", async () => {
    const proxy = await TcpProxy.open(() => 1); // nothing listens there
    onTestFinished(() => proxy.close());
    const { error } = await dial(proxy);
    await eventually(
      () => "the client is reset",
      () => error() === "ECONNRESET",
      5_000,
    );
    expect(proxy.connections).toBe(0);
  });
});
