import assert from "node:assert/strict";
import { execFile } from "node:child_process";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { describe, it } from "vitest";

const root = fileURLToPath(new URL("../..", import.meta.url));
const source = (file: string): string => new URL(`../../src/${file}.ts`, import.meta.url).href;

/** Returns both outputs of a process that runs this module. */
async function run(body: string, env: NodeJS.ProcessEnv = {}): Promise<{ stdout: string; stderr: string }> {
  const module = `import { Bus } from "${source("index")}"; import { mount } from "${source("http/fetch")}"; ${body}`;
  const args = ["--import", "tsx", "--input-type=module", "--eval", module];
  return promisify(execFile)(process.execPath, args, { cwd: root, env: { ...process.env, ...env } });
}

describe("an error that nobody listens to", () => {
  it("is a warning of the process that names the reason, once for each kind", async () => {
    const { stderr } = await run(`
      const bus = new Bus();
      const handler = mount(bus, { channels: () => undefinedName });
      for (let index = 0; index < 3; index += 1) await handler(new Request("http://localhost/poll?channels=a"));
      const silent = new Bus();
      silent.emit("error", new Error("something else"));
    `);
    assert.equal(stderr.match(/NightbusWarning/g)?.length, 2, stderr);
    assert.match(stderr, /channels hook.*undefinedName is not defined/);
    assert.match(stderr, /listen to the bus's "error" event/);
    assert.match(stderr, /something else/);
  });

  it("is none where somebody listens", async () => {
    const { stderr } = await run(`
      const bus = new Bus();
      bus.on("error", () => {});
      bus.emit("error", new Error("heard"));
    `);
    assert.equal(stderr, "");
  });
});

describe("a bus without a store in one process of several", () => {
  const listen = `
    const bus = new Bus();
    bus.on("error", (error) => console.log(error.message));
    await bus.ready();
    await new Promise((resolve) => setTimeout(resolve, 10));
  `;

  it("says so once, under PM2", async () => {
    const { stdout } = await run(listen, { NODE_APP_INSTANCE: "1" });
    assert.match(stdout, /^this process seems to be one of several[^\n]*sqlite\(path\)\n$/);
  });

  it("says so once, in a worker of node:cluster", async () => {
    const { stdout } = await run(`
      import cluster from "node:cluster";
      if (cluster.isPrimary) {
        cluster.setupPrimary({ execArgv: ["--import", "tsx"], exec: "${fileURLToPath(new URL("../system/cluster/lonely.ts", import.meta.url))}" });
        cluster.fork();
      }
    `);
    assert.match(stdout, /^this process seems to be one of several[^\n]*\n$/);
  });

  it("says nothing on its own", async () => {
    assert.equal((await run(listen, { NODE_APP_INSTANCE: undefined })).stdout, "");
  });
});
