import { spawn } from "node:child_process";
import { once } from "node:events";
import { createInterface } from "node:readline";
import { fileURLToPath } from "node:url";
import { describe, expect, it, onTestFinished } from "vitest";
import { hold } from "../../support/held.ts";

const HOSTS = ["node", "express", "express4", "koa", "hono", "fastify"];
const SERVER = fileURLToPath(new URL("server.ts", import.meta.url));

describe("the end of a server while a stream, a poll and a client of another process are open", () => {
  describe.each(["the bus, then the server", "the server, then the bus"])("%s", (order) => {
    it.each(HOSTS)("is there within a second: %s", (host) => expectEnd(host, order));
  });

  it("is there within a second, though Fastify alone is awaited first", () =>
    expectEnd("fastify", "the application, awaited, then the bus"));
});

async function expectEnd(host: string, order: string): Promise<void> {
  const server = spawn(process.execPath, ["--import", "tsx", SERVER, host, order], {
    stdio: ["ignore", "pipe", "inherit"],
  });
  onTestFinished(() => void server.kill("SIGKILL"));
  const [port] = (await once(createInterface({ input: server.stdout }), "line")) as [string];
  const held = await hold(`http://localhost:${port}/bus`);
  const ended = once(server, "exit");
  const began = performance.now();
  server.kill("SIGTERM");
  expect(await ended).toEqual([0, null]);
  expect(performance.now() - began).toBeLessThan(1_000);
  await held.expectAnswered();
}
