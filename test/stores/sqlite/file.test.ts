import { existsSync, readFileSync, renameSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { describe, expect, it, vi } from "vitest";
import { Bus } from "../../../src/bus.ts";
import type { BusOptions } from "../../../src/options.ts";
import { sqlite } from "../../../src/stores/sqlite.ts";
import { closing, temporaryFiles } from "../files.ts";
import { type Database, openDatabase, pragma, transact } from "./database.ts";

const newPath = temporaryFiles();
const close = closing();
const open = (path: string, options: BusOptions = {}) => close(new Bus({ store: sqlite(path), ...options }));

describe("ids in SQLite", () => {
  it("never reuses an id, also when everything was trimmed", async () => {
    const path = newPath();
    const first = open(path, { retention: { count: 0 } });
    const before = await first.sendone("x", 1);
    await first.close();
    const db = close(openDatabase(path));
    expect(db.prepare("select count(*) as count from nightbus_rows").get()).toEqual({ count: 0 });
    const second = open(path);
    await second.ready();
    expect(second.last).toBe(before);
    expect(await second.sendone("x", 2)).toBeGreaterThan(before);
    expect((await second.poll(["x"], before)).missed).toBe(false);
    expect((await second.poll(["x"], before - 1)).missed).toBe(true);
  });

  it("counts on from a run of another process while that goes on", async () => {
    const path = newPath();
    const [a, b] = [open(path), open(path)];
    const first = await a.sendone("x", 1);
    const second = await b.sendone("x", 2);
    expect(second).toBeGreaterThan(first); // by one where the clock has not moved on
    expect(await a.sendone("x", 3)).toBe(second + 1);
    expect(await b.sendone("x", 4)).toBe(second + 2);
  });

  it("tells a cursor of a life that the file does not know: deleted, or restored from an older copy", async () => {
    const path = newPath();
    const first = open(path);
    await first.sendone("x", 1);
    await first.close();
    const backup = readFileSync(path);
    const second = open(path);
    const lost = await second.sendone("x", 2);
    await second.close();
    writeFileSync(path, backup);
    const restored = open(path);
    expect(await restored.poll(["x"], lost)).toMatchObject({ missed: true, length: 1 });
    await restored.sendone("x", 3);
    expect(await restored.poll(["x"], lost)).toMatchObject({ missed: true, length: 1 });
    await restored.close();
    writeFileSync(path, "");
    const empty = open(path);
    expect(await empty.poll(["x"], lost)).toMatchObject({ missed: true, length: 0 });
  });

  it("gives no id twice when the file is restored from an older copy under a bus that runs", async () => {
    const path = newPath();
    const bus = open(path);
    const kept = await bus.sendone("x", 1);
    const db = close(openDatabase(path));
    const lost = [await bus.sendone("x", 2), await bus.sendone("x", 3)];
    db.prepare("delete from nightbus_rows where id > ?").run(kept);
    db.prepare("update nightbus_meta set last = ?").run(kept);
    const id = await bus.sendone("x", 4);
    expect(id).toBeGreaterThan(lost[1]!);
    expect(await bus.poll(["x"], lost[1], 0)).toMatchObject({ missed: true, length: 1, 0: { id } });
    const other = open(path);
    for (const last of lost) expect(await other.poll(["x"], last, 0)).toMatchObject({ missed: true, 0: { id } });
  });
});

describe("the file", () => {
  it("has tables of nightbus's own prefix, no index, and leaves user_version to the application", async () => {
    const path = newPath();
    const db = close(openDatabase(path));
    db.exec("pragma user_version = 42");
    db.exec("create table mine (id)");
    await open(path).sendone("x", 1);
    const names = db.prepare("select type, name from sqlite_master where name not like 'sqlite_%'").all();
    expect(names).toEqual([
      { type: "table", name: "mine" },
      ...["meta", "rows", "holes", "watermarks"].map((name) => ({ type: "table", name: `nightbus_${name}` })),
    ]);
    expect(pragma(db, "user_version")).toBe(42);
    expect(db.prepare("select version from nightbus_meta").get()).toEqual({ version: 1 });
    expect(pragma(db, "journal_mode")).toBe("wal");
  });

  it.each([
    [undefined, "synchronous = full"],
    ["full", "synchronous = full"],
    ["normal", "synchronous = normal"],
  ] as const)("with durability %s runs %s", async (durability, expected) => {
    const prototype = Object.getPrototypeOf(close(openDatabase(":memory:"))) as Database;
    const exec = vi.spyOn(prototype, "exec");
    const store = sqlite(newPath(), durability === undefined ? {} : { durability });
    await close(new Bus({ store })).ready();
    expect(exec.mock.calls.flat()).toContain(`pragma ${expected}`);
    exec.mockRestore();
  });

  it.each([
    ["is no database", "this is no database ".repeat(100), /not a database/],
    ["was written by a newer nightbus", newer, /newer nightbus.*version 99.*update/],
  ])("that %s is refused and left as it is", async (_, content, sentence) => {
    const path = newPath();
    if (typeof content === "string") writeFileSync(path, content);
    else content(path);
    const before = readFileSync(path);
    const bus = open(path);
    const errors: Error[] = [];
    bus.on("error", (error) => errors.push(error));
    const rejection = { code: "store", message: expect.stringMatching(sentence) };
    await expect(bus.ready()).rejects.toMatchObject(rejection);
    await expect(bus.sendone("x", 1)).rejects.toMatchObject(rejection);
    await expect(bus.poll(["x"])).rejects.toMatchObject(rejection);
    await bus.close();
    expect(errors).toHaveLength(1);
    expect(readFileSync(path).equals(before)).toBe(true);
    expect(existsSync(`${path}-wal`)).toBe(false);
  });

  it("needs a folder that exists, and says so", async () => {
    const bus = open(join(dirname(newPath()), "no", "bus.db"));
    await expect(bus.ready()).rejects.toMatchObject({
      code: "store",
      message: expect.stringMatching(/directory does not exist/),
    });
  });

  it("is emptied into the database when the bus closes", async () => {
    const path = newPath();
    const bus = open(path);
    void bus.sendone("x", "queued");
    await bus.close();
    expect(existsSync(`${path}-wal`)).toBe(false);
    expect(await open(path).recent(["x"], 1)).toMatchObject([{ message: "queued" }]);
  });
});

describe("a file that is taken away under a bus", () => {
  it.each(["deleted", "replaced"])(
    "refuses sends when it was %s, since they would be lost, and says so once",
    async (how) => {
      const path = newPath();
      const bus = open(path);
      const errors: Error[] = [];
      bus.on("error", (error) => errors.push(error));
      const id = await bus.sendone("x", "before");
      renameSync(path, `${path}.away`);
      if (how === "replaced") writeFileSync(path, "");
      await vi.waitUntil(() => errors.length > 0);
      const refused = { code: "store", refused: true, message: expect.stringMatching(/was deleted or replaced/) };
      for (const message of ["one", "two"]) await expect(bus.sendone("x", message)).rejects.toMatchObject(refused);
      expect(errors).toMatchObject([refused]);
      expect(await bus.poll(["x"])).toMatchObject([{ id, message: "before" }]);
      renameSync(`${path}.away`, path);
      await vi.waitUntil(() => bus.sendone("x", "after").catch(() => undefined));
      expect(await bus.recent(["x"], 1)).toMatchObject([{ message: "after" }]);
    },
  );
});

describe("a file that was taken away just now", () => {
  it.each(["deleted", "replaced"])(
    "refuses the next send when it was %s, also one within a transaction",
    async (how) => {
      const path = newPath();
      const db = close(openDatabase(path));
      const bus = close(new Bus({ store: sqlite(db) }));
      bus.on("error", () => {}); // a look may come between
      await bus.sendone("x", "before");
      renameSync(path, `${path}.away`);
      if (how === "replaced") writeFileSync(path, "");
      const refused = { code: "store", refused: true, message: expect.stringMatching(/was deleted or replaced/) };
      await expect(bus.sendone("x", 1)).rejects.toMatchObject(refused);
      db.exec("begin");
      expect(() => bus.sendwithin(db, [["x", 2]])).toThrow(expect.objectContaining(refused));
      db.exec("rollback");
      renameSync(`${path}.away`, path);
      const id = await bus.sendone("x", 3);
      expect((await bus.poll(["x"], 0)).map(({ message }) => message)).toEqual(["before", 3]);
      expect(db.prepare("select max(id) as id from nightbus_rows").get()).toEqual({ id });
    },
  );
});

describe("a store", () => {
  it("serves one bus", async () => {
    const store = sqlite(newPath());
    const first = close(new Bus({ store }));
    await expect(close(new Bus({ store })).ready()).rejects.toMatchObject({
      code: "store",
      message: /serves another bus/,
    });
    const id = await first.sendone("x", 1);
    expect(await first.poll(["x"])).toMatchObject([{ id }]);
  });
});

function newer(path: string): void {
  const db = openDatabase(path);
  db.exec("create table nightbus_meta (version integer, more text); insert into nightbus_meta values (99, 'x')");
  db.close();
}

describe("a file that has become shorter", () => {
  it.each([
    ["by a vacuum", "none", "vacuum"],
    ["by itself", "full", "select 1"],
  ])("%s takes sends, also when it has grown again since the last look", async (_, mode, shorten) => {
    const path = newPath();
    const db = close(openDatabase(path));
    db.exec(`pragma auto_vacuum = ${mode}`);
    db.exec("create table mine (text)");
    const bus = open(path);
    await bus.ready();
    const fill = (rows: number, size: number): void =>
      transact(db, () => {
        const insert = db.prepare("insert into mine values (?)");
        for (let row = 0; row < rows; row += 1) insert.run("x".repeat(size));
      });
    fill(20, 1_000_000);
    pragma(db, "wal_checkpoint(truncate)");
    await bus.sendone("x", 1); // the store looks: 20 MB
    db.exec("delete from mine where rowid <= 3");
    db.exec(shorten);
    pragma(db, "wal_checkpoint(truncate)");
    fill(3, 1_070_000); // these are in the write-ahead log alone
    expect(await bus.sendone("x", 2)).toBeGreaterThan(0);
    expect(await bus.sendone("x", 3)).toBeGreaterThan(0);
  });
});
