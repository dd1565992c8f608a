import {
  closeSync,
  copyFileSync,
  openSync,
  readFileSync,
  rmSync,
  statSync,
  truncateSync,
  writeFileSync,
  writeSync,
} from "node:fs";
import { Bus } from "nightbus";
import { describe, expect, it, vi } from "vitest";
import { sqlite } from "../../../src/stores/sqlite.ts";
import { closing, temporaryFiles } from "../../stores/files.ts";
import { openDatabase, pragma } from "../../stores/sqlite/database.ts";

const PAGE = 4_096;
const newPath = temporaryFiles();
const close = closing();

/** The damages that may befall the bytes of a file. */
const HARMS = {
  "has bytes overwritten in its middle": (path: string) => overwrite(path, 3 * PAGE, 20 * PAGE),
  "has lost its header": (path: string) => overwrite(path, 0, 100),
  "was cut in half": (path: string) => truncateSync(path, Math.floor(statSync(path).size / 2)),
} as const;

describe("a file that is corrupt when it is opened", () => {
  it.each(Object.entries(HARMS))("that %s is refused with code store, and left as it is", async (_, harm) => {
    const { path } = await filled();
    harm(path);
    const before = readFileSync(path);
    const { bus, errors } = open(path);
    const refusal = { code: "store", refused: true, message: expect.stringMatching(/malformed|not a database/) };
    await expect(bus.ready()).rejects.toMatchObject(refusal);
    await expect(bus.sendone("x", 1)).rejects.toMatchObject(refusal);
    await expect(bus.poll(["x"], 0, 0)).rejects.toMatchObject(refusal);
    await bus.close();
    expect(errors).toMatchObject([refusal]);
    expect(readFileSync(path).equals(before)).toBe(true);
  });

  it("that was emptied is a new log, whose readers from before are told missed", async () => {
    const { path, last } = await filled();
    truncateSync(path, 0);
    const { bus, errors } = open(path);
    expect(await bus.poll(["x"], last, 0)).toMatchObject({ missed: true, length: 0 });
    const id = await bus.sendone("x", "anew");
    expect(await bus.poll(["x"], last, 0)).toMatchObject({ missed: true, 0: { id } });
    expect(errors).toEqual([]);
  });
});

describe("a file that is corrupted under a bus", () => {
  it.each([
    ["was cut in half", HARMS["was cut in half"]],
    ["was emptied", (path: string) => truncateSync(path, 0)],
    ["is overwritten by an older, shorter copy", (path: string) => copyFileSync(`${path}.old`, path)],
  ])("that %s takes no more sends, says so once, and still answers polls", async (_, harm) => {
    const { path } = await filled();
    const { bus, errors } = open(path);
    const id = await bus.sendone("x", "before");
    harm(path);
    await vi.waitUntil(() => errors.length > 0);
    const refusal = { code: "store", refused: true };
    for (const message of ["one", "two"]) await expect(bus.sendone("x", message)).rejects.toMatchObject(refusal);
    expect(await bus.recent(["x"], 1)).toMatchObject([{ id, message: "before" }]);
    expect(errors).toMatchObject([refusal]);
    await bus.close();
  });

  it("takes sends again when it was restored and a new bus is opened", async () => {
    const { path, last } = await filled();
    const before = readFileSync(path);
    const { bus, errors } = open(path);
    const lost = await bus.sendone("x", "before");
    truncateSync(path, PAGE);
    await vi.waitUntil(() => errors.length > 0);
    await bus.close();
    for (const rest of ["-wal", "-shm"]) rmSync(`${path}${rest}`, { force: true });
    writeFileSync(path, before);
    const again = open(path).bus;
    expect((await again.poll(["x"], last, 0)).missed).toBe(false);
    expect((await again.poll(["x"], lost, 0)).missed, "it was lost with the file").toBe(true);
    expect(await again.sendone("x", "after")).toBeGreaterThan(lost);
  });

  it.each(["has bytes overwritten in its middle", "has lost its header"] as const)(
    "that %s is not read again by the bus, which goes on: it shows at the next opening",
    async (harm) => {
      const { path } = await filled();
      const { bus, errors } = open(path);
      await bus.ready();
      HARMS[harm](path);
      const id = await bus.sendone("x", "after");
      expect(await bus.recent(["x"], 1)).toMatchObject([{ id, message: "after" }]);
      await bus.close();
      expect(errors).toEqual([]);
      const refusal = { code: "store", message: expect.stringMatching(/malformed|not a database/) };
      await expect(open(path).bus.ready()).rejects.toMatchObject(refusal);
    },
  );

  it("is not taken for one when somebody vacuums it", async () => {
    const { path } = await filled();
    const { bus, errors } = open(path);
    await bus.sendone("x", "before");
    const other = close(openDatabase(path));
    other.exec("create table mine (text)");
    other.prepare("insert into mine values (?)").run("y".repeat(500_000));
    pragma(other, "wal_checkpoint(truncate)");
    const { size } = statSync(path);
    const looked = close(new Bus({ store: sqlite(path) }));
    const large = bus.poll(["x"], bus.last, 5_000);
    await looked.sendone("x", "large");
    await large; // the reader has looked
    other.exec("drop table mine; vacuum");
    pragma(other, "wal_checkpoint(truncate)");
    expect(statSync(path).size).toBeLessThan(size);
    const seen = bus.poll(["x"], bus.last, 5_000);
    const theirs = close(new Bus({ store: sqlite(path) }));
    await theirs.sendone("x", "theirs"); // which is seen by a look
    expect((await seen)[0]?.message).toBe("theirs");
    await bus.sendone("x", "after");
    expect(errors).toEqual([]);
  });
});

function open(path: string): { readonly bus: Bus; readonly errors: readonly Error[] } {
  const bus = close(new Bus({ store: sqlite(path) }));
  const errors: Error[] = [];
  bus.on("error", (error) => errors.push(error));
  return { bus, errors };
}

/** A file of many pages, and beside it a copy from when it had few. */
async function filled(): Promise<{ readonly path: string; readonly last: number }> {
  const path = newPath();
  const early = new Bus({ store: sqlite(path) });
  await early.sendone("x", "early");
  await early.close();
  copyFileSync(path, `${path}.old`);
  const bus = new Bus({ store: sqlite(path) });
  await bus.sendmany(Array.from({ length: 200 }, (_, n) => ["x", `${n} `.padEnd(500, ".")] as const));
  const { last } = bus;
  await bus.close();
  return { path, last };
}

function overwrite(path: string, from: number, length: number): void {
  const file = openSync(path, "r+");
  writeSync(file, Buffer.alloc(length, "x"), 0, length, from);
  closeSync(file);
}
