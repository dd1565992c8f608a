import { Worker } from "node:worker_threads";
import { Bus } from "nightbus";
import { sqlite } from "nightbus/sqlite";
import { describe, expect, it } from "vitest";
import { closing, temporaryFiles } from "../files.ts";

// tsx does not reach threads by the arguments of Node.
const PROGRAM = `import("tsx/esm/api").then(({ register }) => {
  register();
  return import(${JSON.stringify(new URL("./thread.ts", import.meta.url).href)});
});`;

const newPath = temporaryFiles();
const close = closing();

describe("worker threads with a bus each, on one file", () => {
  it("are read in one order, each send whole and once, by a bus of the main thread", async () => {
    const path = newPath();
    const bus = close(new Bus({ store: sqlite(path) }));
    await bus.ready();
    const start = bus.last;
    const threads = ["a", "b", "c"].map((name) => new Worker(PROGRAM, { eval: true, argv: [path, name, "60"] }));
    const sent = await Promise.all(threads.map((thread) => resultOf(thread)));
    const read = [];
    for (let last = start; read.length < 540; ) {
      const batch = await bus.poll(["threads"], last, 15_000);
      expect(batch.missed).toBe(false);
      expect(batch.length).toBeGreaterThan(0);
      read.push(...batch);
      last = batch.last;
    }
    const ids = read.map(({ id }) => id);
    expect(ids).toEqual([...ids].sort((one, other) => one - other));
    expect(sent.flat(2).sort((one, other) => one - other)).toEqual(ids);
    for (const send of sent.flat()) expect(send).toEqual([send[0], send[0]! + 1, send[0]! + 2]);
  });
});

/** Resolves with the ids of each send of a thread. */
function resultOf(thread: Worker): Promise<readonly (readonly number[])[]> {
  return new Promise((resolve, reject) => {
    thread.once("message", resolve);
    thread.once("error", reject);
  });
}
