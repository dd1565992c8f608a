import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { createInterface } from "node:readline";
import { fileURLToPath } from "node:url";
import { describe, expect, it } from "vitest";
import { Bus } from "../../../src/bus.ts";
import { sqlite } from "../../../src/stores/sqlite.ts";
import { closing, temporaryFiles } from "../files.ts";

interface Acknowledged {
  readonly n: number;
  readonly ids: readonly number[];
}
interface Part {
  readonly name: string;
  readonly n: number;
  readonly part: number;
}
type Parts = Readonly<Record<`part ${number}`, Part>>;

const CHANNELS = ["part 0", "part 1", "part 2"] as const;
const everything = { age: Number.POSITIVE_INFINITY, count: Number.POSITIVE_INFINITY, total: Number.POSITIVE_INFINITY };
const newPath = temporaryFiles();
const close = closing();
const open = (path: string) => close(new Bus<Parts>({ store: sqlite(path), retention: everything }));

/** Starts a process that sends, and calls back with each send that was acknowledged. */
function write(
  path: string,
  name: string,
  first: number,
  count: string,
  acknowledged: (a: Acknowledged) => void,
): ChildProcess {
  const script = fileURLToPath(new URL("./writer.ts", import.meta.url));
  const args = ["--import", "tsx", script, path, name, String(first), ...(count === "" ? [] : [count])];
  const child = spawn(process.execPath, args, { stdio: ["ignore", "pipe", "inherit"] });
  createInterface({ input: child.stdout! }).on("line", (line) => acknowledged(JSON.parse(line) as Acknowledged));
  return child;
}

/** The sends among what was read: each whole, in one piece, in order. */
function sendsOf(
  notifications: readonly { readonly id: number; readonly message: Part }[],
): Map<string, readonly number[]> {
  const sends = new Map<string, readonly number[]>();
  let previous = 0;
  for (let index = 0; index < notifications.length; index += 3) {
    const parts = notifications.slice(index, index + 3);
    const { id, message } = parts[0]!;
    expect(id).toBeGreaterThan(previous);
    expect(parts.map((part) => part.id)).toEqual([id, id + 1, id + 2]);
    expect(parts.map((part) => part.message)).toEqual([0, 1, 2].map((part) => ({ ...message, part })));
    const key = `${message.name} ${message.n}`;
    expect(sends.has(key)).toBe(false);
    sends.set(key, [id, id + 1, id + 2]);
    previous = id + 2;
  }
  return sends;
}

describe("a process that is killed", () => {
  it("has lost nothing that it acknowledged, and left nothing half done", async () => {
    const path = newPath();
    const acknowledged = new Map<string, readonly number[]>();
    let first = 0;
    for (let life = 0; life < 6; life += 1) {
      const enough = 10 + life * 37;
      let seen = 0;
      const child: ChildProcess = write(path, "writer", first, "", ({ n, ids }) => {
        acknowledged.set(`writer ${n}`, ids);
        first = Math.max(first, n + 1);
        seen += 1;
        if (seen === enough) child.kill("SIGKILL");
      });
      await once(child, "close");
      expect(child.signalCode).toBe("SIGKILL");
      first += 10; // a send that was not acknowledged may have been committed under its number
    }
    const bus = open(path);
    const sends = sendsOf(await bus.poll(CHANNELS, 0, 0, { limit: 1_000_000 }));
    expect(acknowledged.size).toBeGreaterThan(500);
    for (const [key, ids] of acknowledged) expect(sends.get(key)).toEqual(ids);
  });
});

describe("two processes that write", () => {
  it("are read in one order by a third, each send whole and once", async () => {
    const path = newPath();
    const bus = open(path);
    await bus.ready();
    const acknowledged = new Map<string, readonly number[]>();
    const writers = ["a", "b"].map((name) =>
      write(path, name, 0, "150", ({ n, ids }) => acknowledged.set(`${name} ${n}`, ids)),
    );
    const read = [];
    for (let last = bus.last; read.length < 900; ) {
      const batch = await bus.poll(CHANNELS, last, 15_000, { limit: 50 });
      expect(batch.missed).toBe(false);
      expect(batch.length).toBeGreaterThan(0);
      read.push(...batch);
      last = batch.last;
    }
    for (const writer of writers) if (writer.exitCode === null) await once(writer, "close");
    const sends = sendsOf(read);
    expect(acknowledged.size).toBe(300);
    for (const [key, ids] of acknowledged) expect(sends.get(key)).toEqual(ids);
  });
});
