import { chmodSync } from "node:fs";
import { dirname } from "node:path";
import { Bus } from "nightbus";
import { describe, expect, it } from "vitest";
import { sqlite } from "../../../src/stores/sqlite.ts";
import { closing, temporaryFiles } from "../../stores/files.ts";

const NOBODY = 65_534;
const newPath = temporaryFiles();
const close = closing();

describe("a file that may only be read", () => {
  it("is read where its folder may be written, rejects sends, and takes them when it is opened anew", async () => {
    const { path, last } = await written();
    const errors: Error[] = [];
    await whileForbidden(path, 0o777, async () => {
      const bus = close(new Bus({ store: sqlite(path) }));
      bus.on("error", (error) => errors.push(error));
      expect(await bus.poll(["x"], 0, 0)).toMatchObject([{ id: last }]);
      const refusal = { code: "store", refused: true, message: expect.stringMatching(/readonly database/) };
      for (const message of [1, 2]) await expect(bus.sendone("x", message)).rejects.toMatchObject(refusal);
      expect(await bus.poll(["x"], last, 0)).toMatchObject({ missed: false, length: 0 });
      await bus.close();
    });
    expect(errors.length).toBeLessThanOrEqual(1); // the store could not tidy up
    await goesOn(path, last);
  });

  it("is not opened where its folder may only be read, with one error event, and is opened when that may be written", async () => {
    const { path, last } = await written();
    const errors: Error[] = [];
    const refusal = {
      code: "store",
      refused: true,
      message: expect.stringMatching(/unable to open|readonly database/),
    };
    await whileForbidden(path, 0o555, async () => {
      const bus = close(new Bus({ store: sqlite(path) }));
      bus.on("error", (error) => errors.push(error));
      await expect(bus.ready()).rejects.toMatchObject(refusal);
      await expect(bus.sendone("x", 1)).rejects.toMatchObject(refusal);
      await expect(bus.poll(["x"], 0, 0)).rejects.toMatchObject(refusal);
      await bus.close();
    });
    expect(errors).toMatchObject([refusal]);
    await goesOn(path, last);
  });
});

async function written(): Promise<{ readonly path: string; readonly last: number }> {
  const path = newPath();
  const bus = close(new Bus({ store: sqlite(path) }));
  const last = await bus.sendone("x", "before");
  await bus.close();
  return { path, last };
}

async function goesOn(path: string, last: number): Promise<void> {
  const bus = close(new Bus({ store: sqlite(path) }));
  const id = await bus.sendone("x", "after");
  expect(await bus.poll(["x"], last, 0)).toMatchObject({ missed: false, length: 1, 0: { id } });
}

/** Does something while this process, which is nobody for so long where it is root, may read the file and not write it. */
async function whileForbidden(path: string, folderMode: number, work: () => Promise<void>): Promise<void> {
  chmodSync(path, 0o444);
  chmodSync(dirname(path), folderMode);
  const isRoot = process.geteuid?.() === 0;
  if (isRoot) process.seteuid?.(NOBODY);
  try {
    await work();
  } finally {
    if (isRoot) process.seteuid?.(0);
    chmodSync(dirname(path), 0o700);
    chmodSync(path, 0o600);
  }
}
