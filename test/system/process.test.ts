import assert from "node:assert/strict";
import { execFile } from "node:child_process";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { describe, it } from "vitest";

const root = fileURLToPath(new URL("../..", import.meta.url));
const index = new URL("../../src/index.ts", import.meta.url).href;

describe("a process with a bus", () => {
  it("exits when nothing is left but retention", async () => {
    assert.equal(
      await run(`
        const bus = new Bus({ retention: { age: 3_600_000 } });
        await bus.sendone("a", 1);
        await bus.poll(["a"], bus.last, 5);
        const end = new AbortController();
        const aborted = bus.poll(["a"], bus.last, Infinity, { signal: end.signal }).catch(() => "aborted");
        await bus.poll(["a"], bus.last, 1);
        end.abort();
        console.log(await aborted);
      `),
      "aborted",
    );
  });

  it("stays while a poll is parked, be it forever", async () => {
    // The timer alone would not keep the process alive until it rings.
    for (const timeout of ["50_000", "Infinity"]) {
      const said = await run(`
        const bus = new Bus();
        await bus.ready();
        bus.poll(["a"], bus.last, ${timeout});
        setTimeout(() => { console.log("still here"); process.exit(); }, 300).unref();
      `);
      assert.equal(said, "still here", timeout);
    }
  });

  it("stays until a parked poll is answered, and exits then", async () => {
    const said = await run(`
      const bus = new Bus();
      await bus.ready();
      bus.poll(["a"], bus.last, 150).then(() => console.log("answered"));
    `);
    assert.equal(said, "answered");
  });

  it("exits when the bus has closed", async () => {
    const said = await run(`
      const bus = new Bus();
      await bus.ready();
      bus.poll(["a"], bus.last, Infinity).then((batch) => console.log("answered", batch.length));
      await bus.close();
    `);
    assert.equal(said, "answered 0");
  });

  it("does not end by an error event that nobody listens to", async () => {
    const said = await run(`
      const refuses = { maxRows: 1, maxBytes: 1, open: async () => { throw new Error("no store") } };
      const bus = new Bus({ store: refuses });
      bus.subscribe(["a"]);
      await new Promise(setImmediate);
      console.log("alive");
    `);
    assert.equal(said, "alive");
  });
});

/** Runs a module in a process of its own, and answers what it prints. A process that does not exit is ended and fails. */
async function run(body: string): Promise<string> {
  const code = `import { Bus } from ${JSON.stringify(index)};\n${body}`;
  const args = ["--import", "tsx", "--input-type=module", "-e", code];
  const { stdout } = await promisify(execFile)(process.execPath, args, { cwd: root, timeout: 15_000 });
  return stdout.trim();
}
