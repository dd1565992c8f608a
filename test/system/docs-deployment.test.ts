import { once } from "node:events";
import { readFileSync } from "node:fs";
import { createServer, get, type IncomingMessage, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { join } from "node:path";
import { EventSource } from "eventsource";
import { Bus } from "nightbus";
import { connect } from "nightbus/client";
import { mount } from "nightbus/node";
import { describe, expect, it, onTestFinished, vi } from "vitest";
import { freePort } from "../support/page-programs.ts";
import { blocksOf, root } from "../support/pages.ts";
import { PROXIES, ProxyProcess } from "../support/proxy.ts";

const PAGE = "docs/deployment.md";

/** The longest wait for a condition, in ms. A client pauses for seconds if its proxy was away for seconds. */
const SOON = { timeout: 40_000, interval: 20 };

const KINDS = Object.keys(PROXIES) as (keyof typeof PROXIES)[];

describe.each(KINDS)("the configuration of %s", (kind) => {
  const { program } = PROXIES[kind];
  const missing = ProxyProcess.isMissing(kind);

  async function start(): Promise<{ bus: Bus; proxy: ProxyProcess; url: string }> {
    const bus = new Bus();
    await bus.ready();
    const server = createServer(mount(bus, { prefix: "/longpolling" })).listen(0, "127.0.0.1");
    await once(server, "listening");
    onTestFinished(() => close(bus, server));
    const port = await freePort();
    const url = `http://127.0.0.1:${port}/longpolling`;
    const proxy = new ProxyProcess(kind, placed(blockOf(kind), port, server), `${url}/health`);
    onTestFinished(() => proxy.end());
    await proxy.start();
    return { bus, proxy, url };
  }

  it.skipIf(missing)(`brings streams and held polls, and tells of clients that go (it needs ${program})`, async () => {
    const { bus, url } = await start();
    const leaving = new AbortController();
    const stream = await fetch(`${url}/events?channels=lobby`, { signal: leaving.signal });
    const first = await read(stream);
    expect(first).toContain("event: position");
    const polled = fetch(`${url}/poll?channels=lobby&last=${bus.last}`);
    await vi.waitFor(() => expect(bus.waiting).toBe(1), SOON);
    const id = await bus.sendone("lobby", "good evening");
    expect(await (await polled).json()).toMatchObject({ notifications: [{ id }], missed: false });
    expect(await read(stream)).toContain(`id: ${id}`); // each alone: nothing on the way waits for more

    leaving.abort();
    await vi.waitFor(() => expect(bus.stats().streams).toBe(0), SOON);
  });

  it.skipIf(missing)(
    `loses nothing for a client, an EventSource and polls when it is reloaded, and when it starts anew (it needs ${program})`,
    { timeout: 150_000 },
    async () => {
      const { bus, proxy, url } = await start();
      const { last } = bus;
      const readers = ["events", "poll"].map((transport) => {
        const client = connect(url, { channels: ["lobby"], last, transport: transport as "events" | "poll" });
        onTestFinished(() => client.close());
        const ids: number[] = [];
        client.on("notification", ({ id }) => ids.push(id));
        client.on("missed", () => ids.push(Number.NaN));
        return ids;
      });
      const source = new EventSource(`${url}/events?channels=lobby&last=${last}`);
      onTestFinished(() => source.close());
      const ids: number[] = [];
      source.onmessage = ({ lastEventId }) => ids.push(Number(lastEventId));
      source.addEventListener("missed", () => ids.push(Number.NaN));
      readers.push(ids);

      const sent: number[] = [];
      const sending = setInterval(async () => sent.push(await bus.sendone("lobby", sent.length)), 20);
      onTestFinished(() => clearInterval(sending));
      const heard = async (): Promise<void> => {
        const id = await bus.sendone("lobby", "so far");
        sent.push(id);
        await vi.waitFor(() => {
          for (const each of readers) expect(each.some((one) => one >= id)).toBe(true);
        }, SOON);
      };
      await heard();
      await proxy.reload();
      await heard();
      await streamsAnew(`${url}/events?channels=lobby`);
      await proxy.kill();
      await proxy.start();
      clearInterval(sending);
      await heard();
      sent.sort((one, other) => one - other);
      for (const each of readers) expect(each).toEqual(sent);
    },
  );
});

describe("the other files of the page on deployment", () => {
  it("have an ecosystem that waits longer for the end than a store tries", () => {
    const text = blockOf("js");
    expect(text).toMatch(/^\/\/ ecosystem\.config\.cjs\n/);
    const module = { exports: {} as { apps: readonly { exec_mode: string; kill_timeout: number }[] } };
    new Function("module", text)(module);
    expect(module.exports.apps).toMatchObject([{ exec_mode: "cluster" }]);
    expect(module.exports.apps[0]!.kill_timeout).toBeGreaterThan(5_000);
  });

  it("have an image with a Node that the package takes, whose process gets signals", () => {
    const text = blockOf("dockerfile");
    const { engines } = JSON.parse(readFileSync(join(root, "package.json"), "utf8")) as { engines: { node: string } };
    const least = Number(/\d+/.exec(engines.node)![0]);
    expect(Number(/^FROM node:(\d+)/.exec(text)![1])).toBeGreaterThanOrEqual(least);
    const command: unknown = JSON.parse(/^CMD (.*)$/m.exec(text)![1]!);
    expect(command).toEqual(["node", "server.js"]);
  });
});

/** The configuration, with ports that are free in the place of those of the page. */
function placed(text: string, port: number, server: Server): string {
  const { port: behind } = server.address() as AddressInfo;
  expect(text).toContain("8080");
  expect(text).toContain("127.0.0.1:3000");
  return text.replaceAll("8080", String(port)).replaceAll("127.0.0.1:3000", `127.0.0.1:${behind}`);
}

function blockOf(kind: string): string {
  const [block, ...others] = blocksOf(PAGE).filter((each) => each.kind === kind);
  expect(others).toEqual([]);
  return block!.text;
}

/** Resolves once a stream begins on a connection of its own. A proxy that reloads may end idle ones at any moment. */
async function streamsAnew(url: string): Promise<void> {
  const request = get(url, { agent: false });
  const [response] = (await once(request, "response")) as [IncomingMessage];
  await once(response, "data");
  request.destroy();
}

const readers = new WeakMap<Response, ReadableStreamDefaultReader<Uint8Array>>();

/** The next bytes of a stream, as text. */
async function read(stream: Response): Promise<string> {
  const reader = readers.get(stream) ?? stream.body!.getReader();
  readers.set(stream, reader);
  const { value } = await reader.read();
  return new TextDecoder().decode(value);
}

async function close(bus: Bus, server: Server): Promise<void> {
  await bus.close();
  server.closeAllConnections();
  server.close();
}
