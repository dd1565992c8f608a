import { execFile } from "node:child_process";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { promisify } from "node:util";
import { connect } from "nightbus/client";
import { afterAll, beforeAll, describe, expect, it, onTestFinished } from "vitest";
import { Bus } from "../../../src/bus.ts";
import { onEveryHost } from "../../http/conformance/hosts.ts";
import { eventually } from "../../support/eventually.ts";
import { application } from "../packed.ts";
import { RUNTIMES, runtimeHere } from "../runtimes.ts";

const TRANSPORTS = ["auto", "events", "poll"] as const;

onEveryHost((name, host) => {
  describe(`the client, on ${name}`, () => {
    it.each(TRANSPORTS)("hears what it sends, and what the server sends: %s", async (transport) => {
      const bus = new Bus();
      const { url, close } = await host.serve(bus, { send: () => true }, {});
      onTestFinished(async () => {
        await bus.close();
        await close();
      });
      const client = connect(url, { channels: ["a"], transport });
      onTestFinished(() => client.close());
      const heard: unknown[] = [];
      const statuses: string[] = [];
      client.on("notification", ({ message }) => heard.push(message));
      client.on("status", (status) => statuses.push(status));
      await eventually(
        () => `live: ${statuses}`,
        () => statuses.includes("live"),
        5_000,
      );
      await client.sendone("a", "é");
      await bus.sendone("a", { by: "the server" });
      await eventually(
        () => `both: ${JSON.stringify(heard)}`,
        () => heard.length === 2,
        5_000,
      );
      expect(heard).toEqual(["é", { by: "the server" }]);
    });
  });
});

describe("a program with the client", () => {
  const { program, args } = RUNTIMES.find(({ name }) => name === runtimeHere())!;
  let folder: string;

  beforeAll(() => {
    folder = mkdtempSync(join(application, "node_modules/program-"));
  });
  afterAll(() => rmSync(folder, { recursive: true, force: true }));

  it.each(TRANSPORTS)("ends by itself after close(): %s", async (transport) => {
    const file = join(folder, `${transport}.mjs`);
    writeFileSync(file, programWith(transport));
    const { stdout } = await promisify(execFile)(program, [...args, file], { cwd: application, timeout: 15_000 });
    expect(stdout.trim().split("\n")).toEqual(["live", "hello", "closed"]);
  });
});

/** A program that serves, hears itself by this transport, and closes all that it has opened. */
function programWith(transport: string): string {
  return `
    import { createServer } from "node:http";
    import { Bus } from "nightbus";
    import { connect } from "nightbus/client";
    import { mount } from "nightbus/node";

    const bus = new Bus();
    const server = createServer(mount(bus, { send: () => true })).listen(0, "127.0.0.1", () => {
      const client = connect("http://127.0.0.1:" + server.address().port, { channels: ["a"], transport: "${transport}" });
      client.on("status", async (status) => {
        console.log(status);
        if (status === "live") await client.sendone("a", "hello");
        if (status !== "closed") return;
        await bus.close();
        server.close();
      });
      client.on("notification", ({ message }) => {
        console.log(message);
        client.close();
      });
    });
  `;
}
