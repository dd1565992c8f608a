import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { once } from "node:events";
import { afterEach, beforeEach, describe, it } from "vitest";
import { type PageServer, servePage } from "./browser-server.ts";

const CLIENT = new URL("../../dist/client.js", import.meta.url).href;

let server: PageServer;

beforeEach(async () => {
  server = await servePage();
});

afterEach(() => server.close());

/** Runs a program with the client as it is built, until it exits by itself: what it printed. */
async function run(program: string): Promise<string> {
  const text = `import { connect } from "${CLIENT}"; const url = "${server.url}/bus"; ${program}`;
  const child = spawn(process.execPath, ["--input-type=module", "--eval", text], { stdio: ["ignore", "pipe", "pipe"] });
  let printed = "";
  for (const pipe of [child.stdout, child.stderr]) {
    pipe.on("data", (bytes) => {
      printed += bytes;
    });
  }
  const late = setTimeout(() => child.kill("SIGKILL"), 15_000);
  const [code, signal] = await once(child, "close");
  clearTimeout(late);
  assert.deepEqual([code, signal], [0, null], printed);
  return printed;
}

describe("in Node", () => {
  it.each(["auto", "events", "poll"])("hears, sends and exits by itself after close(): %s", async (transport) => {
    const printed = await run(`
      const bus = connect(url, { channels: ["a"], transport: "${transport}", shareTabs: "me" });
      bus.on("status", (status) => {
        console.log(status);
        if (status === "live") bus.sendone("a", "é").then((id) => id > 0 && console.log("sent"));
      });
      bus.on("notification", ({ message }) => {
        console.log(message);
        setTimeout(() => bus.close(), 50);
      });
    `);
    assert.deepEqual(printed.trim().split("\n").sort(), ["closed", "live", "sent", "é"]);
  });

  it("ends a loop and exits, one notification after the other", async () => {
    const printed = await run(`
      const bus = connect(url, { last: ${server.bus.last} });
      const loop = bus.subscribe(["a", "b"]);
      await bus.sendmany([["a", 1], ["b", 2], ["c", 3], ["a", 4]]);
      for await (const { channel, message } of loop) {
        console.log(channel, message);
        if (message === 4) break;
      }
      bus.close();
    `);
    assert.equal(printed, "a 1\nb 2\na 4\n");
  });

  it("exits after close() also while it pauses, or before it was connected", async () => {
    const printed = await run(`
      connect(url, { channels: ["a"] }).close();
      const bus = connect("http://127.0.0.1:1", { channels: ["a"] });
      bus.on("status", (status) => {
        console.log(status);
        bus.close();
      });
    `);
    assert.equal(printed, "waiting\nclosed\n");
  });

  it("warns of no leak when eleven subscriptions have one signal, and ends them all", async () => {
    const printed = await run(`
      const bus = connect(url, { channels: ["a"] });
      const abort = new AbortController();
      const loops = Array.from({ length: 11 }, () => bus.subscribe(["a"], { signal: abort.signal }).next());
      setTimeout(() => abort.abort(), 100);
      console.log((await Promise.all(loops)).filter(({ done }) => done).length);
      bus.close();
    `);
    assert.equal(printed, "11\n");
  });
});
