import { execFile } from "node:child_process";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { promisify } from "node:util";
import { connect } from "nightbus/client";
import { expect, it, onTestFinished, vi } from "vitest";
import { Client } from "../http/conformance/client.ts";
import { freePort } from "../support/page-programs.ts";
import { blocksOf, root } from "../support/pages.ts";

const SOON = { timeout: 20_000, interval: 50 };

it("loses nothing when PM2 reloads the processes of a cluster, without sticky sessions", {
  timeout: 90_000,
}, async () => {
  const folder = mkdtempSync(join(tmpdir(), "nightbus-pm2-"));
  const port = await freePort();
  const env = { ...process.env, PM2_HOME: folder, PORT: `${port}`, DATABASE: join(folder, "bus.db") };
  const pm2 = (...args: string[]): Promise<unknown> =>
    promisify(execFile)(process.execPath, [join(root, "test/frameworks/node_modules/pm2/bin/pm2"), ...args], {
      cwd: join(root, "test/frameworks/pm2"),
      env,
      timeout: 60_000,
    });
  onTestFinished(async () => {
    await pm2("kill");
    rmSync(folder, { recursive: true, force: true });
  });
  const file = join(folder, "ecosystem.config.cjs");
  const block = blocksOf("docs/deployment.md").find(({ text }) => text.startsWith("// ecosystem.config.cjs"))!;
  writeFileSync(file, block.text.replace('"server.js"', JSON.stringify(join(root, "test/frameworks/pm2/server.js"))));
  await pm2("start", file);

  const base = `http://127.0.0.1:${port}/longpolling`;
  const workers = async (): Promise<Set<string | null>> => {
    const replies = Array.from({ length: 8 }, () => fetch(`${base}/health`, { headers: { connection: "close" } }));
    return new Set((await Promise.all(replies)).map(({ headers }) => headers.get("worker")));
  };
  await vi.waitFor(async () => expect((await workers()).size).toBe(2), SOON);
  const before = await workers();

  const readers = (["events", "poll"] as const).map((transport) => {
    const client = connect(base, { channels: ["lobby"], transport });
    onTestFinished(() => client.close());
    const heard: unknown[] = [];
    client.on("notification", ({ message }) => heard.push(message));
    client.on("missed", () => heard.push("missed"));
    return { client, heard };
  });
  await vi.waitFor(() => {
    for (const { client } of readers) expect(client.last).toBeDefined();
  }, SOON);

  const sent: number[] = [];
  const send = async (): Promise<void> => {
    const message = sent.length;
    const body = JSON.stringify({ entries: [["lobby", message]] });
    const { status } = await new Client(base).post("send", body);
    expect(status).toBe(200);
    sent.push(message);
  };
  for (let count = 0; count < 20; count += 1) await send();
  await pm2("reload", "app");
  for (let count = 0; count < 20; count += 1) await send();
  await vi.waitFor(() => {
    for (const { heard } of readers) expect(heard).toEqual(sent);
  }, SOON);
  await vi.waitFor(async () => expect((await workers()).size).toBe(2), SOON);
  expect([...(await workers())].filter((worker) => before.has(worker))).toEqual([]);
});
