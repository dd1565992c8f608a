import { spawn } from "node:child_process";
import { rmSync, writeFileSync } from "node:fs";
import type { Socket } from "node:net";
import { join } from "node:path";
import { Bus } from "nightbus";
import { websocket } from "nightbus/websocket";
import { describe, expect, it, onTestFinished } from "vitest";
import { frame, opened } from "../../http/websocket/raw.ts";
import { eventually } from "../../support/eventually.ts";
import { freePort } from "../../support/page-programs.ts";
import { blocksFor } from "../../support/pages.ts";
import { application } from "../packed.ts";
import { runtimeHere } from "../runtimes.ts";
import { serveSockets } from "../socket-servers.ts";

/** Opens a connection that subscribes to a channel, and then reads nothing more. */
async function deafClient(host: string, channel: string): Promise<Socket> {
  const socket = await opened(Number(host.split(":")[1]));
  socket.pause();
  socket.write(frame(0x81, JSON.stringify({ event_name: "subscribe", data: { channels: [channel], last: 0 } })));
  return socket;
}

type Options = Parameters<typeof websocket<Record<string, unknown>, never>>[1];

/** A client by the WebSocket that the runtime itself has. */
class Client {
  readonly heard: { readonly id: number; readonly message: unknown }[] = [];
  code: number | undefined;
  readonly socket: WebSocket;

  constructor(url: string) {
    this.socket = new WebSocket(url);
    this.socket.onmessage = ({ data }) => this.heard.push(...JSON.parse(String(data)));
    this.socket.onclose = ({ code }) => {
      this.code = code;
    };
    // Node 22 tells of a refused handshake by this event alone.
    this.socket.onerror = () => {
      if (this.socket.readyState !== WebSocket.OPEN) this.code ??= 1006;
    };
  }

  subscribe(...channels: readonly string[]): void {
    this.socket.send(JSON.stringify({ event_name: "subscribe", data: { channels, last: 0 } }));
  }

  async has(count: number): Promise<void> {
    await eventually(
      () => `${count} notifications come: ${this.heard.length} and the code ${this.code}`,
      () => this.heard.length >= count,
      5_000,
    );
  }
}

async function start(options: Options = {}) {
  const bus = new Bus<Record<string, unknown>>();
  const errors: Error[] = [];
  bus.on("error", (error) => errors.push(error));
  const { host, stop } = await serveSockets(websocket(bus, options));
  onTestFinished(async () => {
    await bus.close();
    await stop();
  });
  const open = async (): Promise<Client> => {
    const client = new Client(`ws://${host}/websocket?version=17.0-1`);
    await eventually(
      () => "the socket opens",
      () => client.socket.readyState === WebSocket.OPEN,
      5_000,
    );
    return client;
  };
  return { bus, host, open, errors };
}

it.skipIf(runtimeHere() !== "Bun")("runs the program of the page on Bun", async () => {
  const block = blocksFor("named program").find(({ text }) => text.startsWith("// bun.js"))!;
  const program = join(application, `bun-${process.pid}.mjs`);
  const port = await freePort();
  writeFileSync(program, block.text.replace("port: 3000", `port: ${port}`));
  const child = spawn(process.execPath, [program], { stdio: "inherit" });
  onTestFinished(() => {
    child.kill();
    rmSync(program);
  });
  await eventually(
    () => "the application answers",
    async () => (await (await fetch(`http://127.0.0.1:${port}/`)).text()) === "your application",
    10_000,
  );
  const client = new Client(`ws://127.0.0.1:${port}/websocket`);
  await eventually(
    () => "the socket opens",
    () => client.socket.readyState === WebSocket.OPEN,
    5_000,
  );
  client.socket.close();
});

describe("sockets on the server of this runtime", () => {
  it("get what came before and what comes, as text", async () => {
    const { bus, open, errors } = await start();
    await bus.sendone("a", { type: "t", payload: "ä€😀" });
    const clients = [await open(), await open()];
    for (const client of clients) client.subscribe("a");
    for (const client of clients) await client.has(1);
    await bus.sendone("a", 2);
    for (const client of clients) {
      await client.has(2);
      expect(client.heard.map(({ message }) => message)).toEqual([
        { type: "t", payload: "ä€😀" },
        { type: "a", payload: 2 },
      ]);
    }
    expect([bus.stats().sockets, errors]).toEqual([2, []]);
  });

  it("get a send of many megabytes", async () => {
    const { bus, open } = await start();
    const client = await open();
    client.subscribe("a");
    await bus.sendmany(Array.from({ length: 30 }, (_, n) => ["a", `${n} ${"x".repeat(500_000)}`] as const));
    await client.has(30);
    await eventually(
      () => `all is taken: ${bus.stats().unsent}`,
      () => bus.stats().unsent === 0,
      20_000,
    );
  });

  it("lose a client that does not read, and hold no more than a bound for it until then", async () => {
    const { bus, host } = await start({ maxBuffered: 2 ** 20, unsentTimeout: 1_000 });
    const slow = await deafClient(host, "a");
    await eventually(
      () => "the client is subscribed",
      () => bus.stats().sockets === 1,
      5_000,
    );
    let most = 0;
    await eventually(
      () => `the client is given up: ${JSON.stringify(bus.stats())}`,
      async () => {
        await bus.sendone("a", "x".repeat(400_000));
        most = Math.max(most, bus.stats().unsent);
        return bus.stats().sockets === 0;
      },
      10_000,
    );
    expect(most).toBeLessThan(8 * 2 ** 20);
    slow.destroy();
    await eventually(
      () => `nothing is held: ${bus.stats().unsent}`,
      () => bus.stats().unsent === 0,
      70_000,
    );
  }, 100_000);

  it("close with the codes that clients know", async () => {
    let isAlive = true;
    const { bus, open } = await start({ alive: () => isAlive, maxBody: 100_000 });
    const [large, flood, expired, last] = [await open(), await open(), await open(), await open()];
    large.socket.send("x".repeat(100_001));
    for (let n = 0; n < 11; n += 1) flood.socket.send("{}");
    await eventually(
      () => `two are closed: ${bus.stats().sockets}`,
      () => bus.stats().sockets === 2,
      5_000,
    );
    isAlive = false;
    expired.subscribe("a");
    await eventually(
      () => `the session has ended: ${expired.code}`,
      () => expired.code === 4001,
      5_000,
    );
    await bus.close();
    await eventually(
      () => `the bus has ended: ${last.code}`,
      () => last.code !== undefined,
      5_000,
    );
    expect(bus.stats().sockets).toBe(0);
  });

  it("are refused beyond their bounds, and other requests go on", async () => {
    const { host, open } = await start({ maxSockets: 1 });
    await open();
    const second = new Client(`ws://${host}/websocket`);
    await eventually(
      () => "the second is refused",
      () => second.code !== undefined,
      5_000,
    );
    expect(await (await fetch(`http://${host}/websocket/health`)).json()).toEqual({ status: "pass" });
    expect(await (await fetch(`http://${host}/elsewhere`)).text()).toBe("application");
    expect((await fetch(`http://${host}/websocket`)).status).toBe(400);
  });

  it("are pinged, and stay open", async () => {
    const { bus, open } = await start({ heartbeat: 50 });
    const client = await open();
    client.subscribe("a");
    const began = performance.now();
    await eventually(
      () => "some pings pass",
      () => performance.now() - began > 500,
      5_000,
    );
    await bus.sendone("a", 1);
    await client.has(1);
  });
});
