import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { appendFileSync, mkdtempSync, readFileSync, rmSync, truncateSync, writeFileSync } from "node:fs";
import { createRequire } from "node:module";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { Bus } from "nightbus";
import { testBus, testStore } from "nightbus/conformance";
import { describe, expect, it, onTestFinished } from "vitest";
import { jsonl } from "./jsonl.ts";

const tsx = createRequire(import.meta.url).resolve("tsx");
const writer = fileURLToPath(new URL("writer.ts", import.meta.url));

testStore("of JSON lines", { durable: true, shared: false, place }, { describe, it });

testBus(
  "over JSON lines",
  {
    durable: true,
    shared: false,
    place() {
      const { store, remove } = place();
      return { open: (options) => new Bus({ ...options, store: store() }), remove };
    },
  },
  { describe, it },
);

describe("a file of JSON lines", () => {
  it("loses its torn last line alone, wherever a crash cut it off", async () => {
    const path = newFile();
    const bus = new Bus({ store: jsonl(path) });
    const kept = await bus.sendone("a", "kept");
    const whole = readFileSync(path).length;
    await bus.sendmany([
      ["a", "torn é"],
      ["a", "torn"],
    ]);
    await bus.close();
    const bytes = readFileSync(path);
    for (let end = whole; end < bytes.length; end += 1) {
      writeFileSync(path, bytes.subarray(0, end));
      const again = new Bus({ store: jsonl(path) });
      expect(await again.poll(["a"], 0, 0)).toEqual([{ id: kept, channel: "a", message: "kept" }]);
      await again.close();
      expect(readFileSync(path).length, "it is cut off the file").toBe(whole);
    }
  });

  it("has every acknowledged send, each whole, after a kill in the middle of a write", {
    timeout: 60_000,
  }, async () => {
    for (let round = 0; round < 5; round += 1) {
      const path = newFile();
      const acknowledged = await killed(path, 5 + round);
      const bus = new Bus({ store: jsonl(path) });
      const batch = await bus.poll(["a", "b"], 0, 0);
      await bus.close();
      const parts = batch.map(({ message }) => message as { n: number; part: number });
      expect(parts.map(({ n, part }) => [n, part])).toEqual(parts.map((_, at) => [Math.floor(at / 2), at % 2]));
      expect(parts.length % 2).toBe(0);
      expect(parts.length).toBeGreaterThanOrEqual(2 * acknowledged);
    }
  });

  it.skipIf(process.platform === "win32")(
    "refuses a send that the disk does not take, whole, and goes on",
    async () => {
      const path = newFile();
      const command = `trap '' XFSZ; ulimit -f 8192; exec "$0" "$@"`; // 4 MiB
      const script = fileURLToPath(new URL("full-disk.ts", import.meta.url));
      const child = spawn("sh", ["-c", command, process.execPath, "--import", tsx, script, path]);
      let text = "";
      child.stdout.on("data", (data: Buffer) => {
        text += String(data);
      });
      await once(child, "close");
      expect(JSON.parse(text)).toEqual({ code: "store", refused: true });
      const bus = new Bus({ store: jsonl(path) });
      const batch = await bus.poll(["a"], 0, 0);
      await bus.close();
      expect(batch.map(({ message }) => message)).toEqual(["before", "after"]);
    },
  );

  it("is refused to a second store, in this process and in another", async () => {
    const path = newFile();
    const child = start(path);
    await once(child.stdout!, "data");
    const other = new Bus({ store: jsonl(path) });
    await expect(other.ready()).rejects.toThrow(`process ${child.pid} on`);
    await expect(other.sendone("a", 1)).rejects.toMatchObject({ code: "store", refused: true });
    child.kill("SIGKILL");
    await once(child, "exit");
    const bus = new Bus({ store: jsonl(path) });
    await bus.ready();
    await expect(new Bus({ store: jsonl(path) }).ready()).rejects.toThrow(`process ${process.pid} on`);
    await bus.close();
    const again = new Bus({ store: jsonl(path) });
    await again.ready();
    await again.close();
  });

  it("is refused with the number of a line that is damaged, and left as it is", async () => {
    const path = newFile();
    const bus = new Bus({ store: jsonl(path) });
    await bus.sendone("a", 1);
    await bus.close();
    appendFileSync(path, "{no JSON}\n");
    const before = readFileSync(path);
    await expect(new Bus({ store: jsonl(path) }).ready()).rejects.toThrow("line 3");
    expect(readFileSync(path)).toEqual(before);
    truncateSync(path, before.length - "{no JSON}\n".length);
    const again = new Bus({ store: jsonl(path) });
    expect(await again.poll(["a"], 0, 0)).toHaveLength(1);
    await again.close();
  });

  it("is written anew when most of its rows are trimmed, with all that its log knows", async () => {
    const path = newFile();
    const retention = { count: 10 };
    const bus = new Bus({ store: jsonl(path), retention });
    await bus.ready();
    const begin = bus.last;
    const start = await bus.sendone("rare", 0);
    for (let n = 0; n < 30; n += 1) {
      await bus.sendmany(Array.from({ length: 100 }, (_, at) => ["a", 100 * n + at] as const));
    }
    const { last } = bus;
    await bus.close();
    const before = readFileSync(path).length;
    for (const life of [1, 2]) {
      const again = new Bus({ store: jsonl(path), retention });
      const batch = await again.poll(["a"], start, 0);
      expect([batch.map(({ message }) => message), batch.missed, batch.last], `life ${life}`).toEqual([
        Array.from({ length: 10 }, (_, at) => 2_990 + at),
        true,
        last,
      ]);
      expect((await again.poll(["rare"], begin, 0)).missed).toBe(false);
      await again.close();
    }
    expect(readFileSync(path).length).toBeLessThan(before / 10);
  });
});

function place(): { readonly store: () => ReturnType<typeof jsonl>; readonly remove: () => void } {
  const folder = mkdtempSync(join(tmpdir(), "nightbus-"));
  const store = (): ReturnType<typeof jsonl> => jsonl(join(folder, "bus.jsonl"));
  return { store, remove: () => rmSync(folder, { recursive: true, force: true }) };
}

/** A path of a file that is not there yet, in a folder that goes with the test. */
function newFile(): string {
  const folder = mkdtempSync(join(tmpdir(), "nightbus-"));
  onTestFinished(() => rmSync(folder, { recursive: true, force: true }));
  return join(folder, "bus.jsonl");
}

/** Starts a process that sends without end. */
function start(path: string): ChildProcess {
  const child = spawn(process.execPath, ["--import", tsx, writer, path], { stdio: ["ignore", "pipe", "inherit"] });
  onTestFinished(() => void child.kill("SIGKILL"));
  return child;
}

/** Kills a sending process some time after this many sends, and resolves with the number of acknowledged sends. */
async function killed(path: string, sends: number): Promise<number> {
  const child = start(path);
  let text = "";
  child.stdout!.on("data", (data: Buffer) => {
    text += String(data);
    if (text.split("\n").length > sends) setTimeout(() => child.kill("SIGKILL"), Math.random() * 10);
  });
  await once(child, "close");
  return text.split("\n").length - 1;
}
