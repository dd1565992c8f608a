import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { createServer, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { Bus } from "nightbus";
import { mount } from "nightbus/node";
import { afterEach, describe, expect, it, vi } from "vitest";
import { freePort } from "../support/page-programs.ts";
import { blocksOf, root } from "../support/pages.ts";

const PAGE = "docs/deployment.md";

/** The longest wait for a condition, in ms. */
const SOON = { timeout: 10_000, interval: 20 };

/** The programs of the proxies, and the arguments that run one in the foreground with a configuration. */
const PROXIES = {
  nginx: {
    program: "/usr/sbin/nginx",
    file: "nginx.conf",
    args: (folder: string, file: string) => ["-p", folder, "-c", file, "-g", `daemon off; pid ${folder}/pid;`],
  },
  haproxy: {
    program: "/usr/sbin/haproxy",
    file: "haproxy.cfg",
    args: (_: string, file: string) => ["-db", "-f", file],
  },
  caddyfile: {
    program: "/usr/bin/caddy",
    file: "Caddyfile",
    args: (_: string, file: string) => ["run", "--config", file, "--adapter", "caddyfile"],
  },
} as const;

describe.each(Object.entries(PROXIES))("the configuration of %s", (kind, { program, file, args }) => {
  const missing = !existsSync(program) && process.env["CI"] === undefined;
  const ended: (() => unknown)[] = [];
  afterEach(async () => {
    for (const end of ended.splice(0).reverse()) await end();
  });

  it.skipIf(missing)(
    `brings streams and held polls, and tells of clients that go (it needs ${program})`,
    { timeout: 30_000 },
    async () => {
      const bus = new Bus();
      await bus.ready();
      const server = createServer(mount(bus, { prefix: "/longpolling" })).listen(0, "127.0.0.1");
      await once(server, "listening");
      ended.push(() => close(bus, server));

      const folder = mkdtempSync(join(tmpdir(), "nightbus-proxy-"));
      ended.push(() => rmSync(folder, { recursive: true, force: true }));
      const port = await freePort();
      const path = join(folder, file);
      writeFileSync(path, placed(blockOf(kind), port, server));
      const proxy = spawn(program, args(folder, path), { stdio: "ignore", env: { ...process.env, HOME: folder } });
      ended.push(() => kill(proxy));
      const url = `http://127.0.0.1:${port}/longpolling`;
      await vi.waitFor(async () => {
        const reply = await fetch(`${url}/health`).catch(() => undefined);
        expect(reply?.status).toBe(200);
      }, SOON);

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

async function kill(proxy: ChildProcess): Promise<void> {
  if (proxy.exitCode !== null) return;
  proxy.kill("SIGTERM");
  await once(proxy, "close");
}
