import assert from "node:assert/strict";
import { execFile } from "node:child_process";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { setFlagsFromString } from "node:v8";
import { runInNewContext } from "node:vm";
import { build } from "esbuild";
import { Bus, BusError } from "nightbus";
import { mount } from "nightbus/fetch";
import { describe, it, onTestFinished, vi } from "vitest";
import manifest from "../../package.json" with { type: "json" };
import { hubOf } from "../../src/bus.ts";
import { failsWith } from "../../src/testing/conformance/bus/topic.ts";
import { VERSION } from "../../src/util/version.ts";

setFlagsFromString("--expose-gc");
const collectGarbage = runInNewContext("gc") as () => void;

/** Another copy of the library, as a bundler or a test runner may load it. */
async function anotherCopy(): Promise<typeof import("nightbus")> {
  vi.resetModules();
  const copy = await import("nightbus");
  assert.notEqual(copy.Bus, Bus);
  return copy;
}

describe("two copies of the library in one process", () => {
  it("have one version, which is the package's", () => {
    assert.equal(VERSION, manifest.version);
  });

  it("get along: a bus of the one is mounted by the other, and its errors are known there", async () => {
    const copy = await anotherCopy();
    const bus = new copy.Bus();
    onTestFinished(() => bus.close());
    const handler = mount(bus as unknown as Bus, { send: () => true });
    await bus.sendone("a", "hello");
    const ask = async (path: string): Promise<unknown> =>
      (await handler(new Request(`http://localhost/${path}`))).json();
    assert.deepEqual(((await ask("poll?channels=a")) as { notifications: unknown[] }).notifications.length, 1);
    assert.match(JSON.stringify(await ask("poll?channels=a&last=x")), /bad_last/);
    await assert.rejects(bus.sendone("", 1), (error) => error instanceof BusError && error.code === "bad_channel");
    const waiting = handler(new Request(`http://localhost/poll?channels=a&last=${bus.last}`));
    const end = new AbortController();
    const left = handler(new Request(`http://localhost/poll?channels=a&last=${bus.last}`, { signal: end.signal }));
    await vi.waitFor(() => assert.equal(bus.waiting, 2));
    end.abort();
    assert.equal((await left).status, 499);
    await bus.sendone("a", "again");
    assert.equal((await waiting).status, 200);
    await bus.close();
    assert.match(JSON.stringify(await ask("poll?channels=a")), /"closed"/);
  });

  it("of two versions are told apart, with what to do", async () => {
    const bus = new Bus();
    onTestFinished(() => bus.close());
    const other = Object.create(bus, {
      [Symbol.for("nightbus.bus")]: { value: { version: "9.9.9", reader: {}, isClosed: false } },
    }) as Bus;
    await failsWith("bad_option", () => mount(other), "two copies", "9.9.9", VERSION, "npm ls nightbus");
    await failsWith("bad_option", () => mount({} as Bus), "must be a Bus", "got {}");
    await failsWith("bad_option", () => mount(undefined as unknown as Bus), "got undefined");
  });

  it("give out no id twice", async () => {
    const { epochAt, noteGivenOut } = await import("../../src/util/ids.ts");
    vi.resetModules();
    const copy = await import("../../src/util/ids.ts");
    assert.notEqual(copy.noteGivenOut, noteGivenOut);
    const ahead = epochAt(Date.now() + 100);
    noteGivenOut(ahead);
    assert.ok(copy.nextEpoch() > ahead);
  });

  it("know subclasses of BusError apart", () => {
    class OwnError extends BusError {}
    assert.equal(new BusError("store", "no") instanceof OwnError, false);
    assert.equal(new OwnError("store", "no") instanceof BusError, true);
    assert.equal(new Error("no") instanceof BusError, false);
  });
});

describe("a bus that is shared by name", () => {
  it("is one through all reloads, until it was closed", async () => {
    let made = 0;
    const make = (): Bus<{ lobby: string }> => {
      made += 1;
      return new Bus();
    };
    const bus = Bus.shared("chat", make);
    const copy = await anotherCopy();
    assert.equal(copy.Bus.shared("chat", make as never), bus);
    assert.equal(made, 1);
    assert.notEqual(Bus.shared("other", make), bus);
    await bus.close();
    const anew = Bus.shared("chat", make);
    assert.notEqual(anew, bus);
    assert.equal(anew, Bus.shared("chat", make));
    await anew.close();
    await Bus.shared("other", make).close();
  });

  it("drops the mounts of earlier loads, but for those with an open stream, which end with the bus", async () => {
    const bus = Bus.shared("reloaded", () => new Bus());
    const warnings = vi.spyOn(process, "emitWarning");
    onTestFinished(() => warnings.mockRestore());
    const load = async (): Promise<(request: Request) => Promise<Response>> => {
      vi.resetModules();
      return (await import("nightbus/fetch")).mount(bus);
    };
    const open = async (): Promise<Response> => (await load())(new Request("http://localhost/events?channels=a"));
    const streams = [await open(), await open()];
    for (let loads = 0; loads < 11; loads += 1) await load();
    const { closings } = hubOf(bus);
    await vi.waitFor(() => {
      collectGarbage();
      assert.equal(closings.size, 2);
    });
    assert.equal(bus.listenerCount("close"), 0);
    assert.equal(warnings.mock.calls.length, 0);
    const id = await bus.sendone("a", 1);
    await bus.close();
    for (const stream of streams) assert.match(await stream.text(), new RegExp(`id: ${id}\n\n$`));
  });

  it("is not kept when it cannot be made", async () => {
    const broken = (): Bus => new Bus({ limit: -1 });
    await failsWith("bad_option", () => Bus.shared("broken", broken), "limit");
    const bus = Bus.shared("broken", () => new Bus());
    await bus.close();
  });
});

describe("a server in one bundle", () => {
  it("starts as an ES module that esbuild made of it, without any require", async () => {
    const folder = await mkdtemp(join(tmpdir(), "nightbus-bundle-"));
    onTestFinished(() => rm(folder, { recursive: true }));
    const entry = join(folder, "server.ts");
    const index = fileURLToPath(new URL("../../src/index.ts", import.meta.url));
    const node = fileURLToPath(new URL("../../src/http/node.ts", import.meta.url));
    await writeFile(
      entry,
      `import { Bus } from "${index}"; import { mount } from "${node}";
       const bus = new Bus(); mount(bus); console.log(await bus.sendone("a", 1) === bus.last); await bus.close();`,
    );
    const outfile = join(folder, "server.mjs");
    await build({ entryPoints: [entry], outfile, bundle: true, format: "esm", platform: "node", logLevel: "silent" });
    assert.equal((await promisify(execFile)(process.execPath, [outfile])).stdout, "true\n");
  });
});
