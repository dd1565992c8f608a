import { existsSync, readFileSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import Database from "better-sqlite3";
import { describe, expect, it, vi } from "vitest";
import { Bus } from "../../src/bus.ts";
import type { BusOptions } from "../../src/options.ts";
import { sqlite } from "../../src/stores/sqlite.ts";
import { until } from "../conformance/client.ts";
import { closing, temporaryFiles } from "./files.ts";

const newPath = temporaryFiles();
const close = closing();
const open = (path: string, options: BusOptions = {}) => close(new Bus({ store: sqlite(path), ...options }));

describe("ids in SQLite", () => {
  it("never reuses an id, also when everything was trimmed", async () => {
    const path = newPath();
    const first = open(path, { retention: { count: 0 } });
    const before = await first.sendone("x", 1);
    await first.close();
    const db = close(new Database(path));
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
    expect(second).toBeGreaterThan(first + 1);
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
});

describe("the file", () => {
  it("has tables of nightbus's own prefix, no index, and leaves user_version to the application", async () => {
    const path = newPath();
    const db = close(new Database(path));
    db.pragma("user_version = 42");
    db.exec("create table mine (id)");
    await open(path).sendone("x", 1);
    const names = db.prepare("select type, name from sqlite_master where name not like 'sqlite_%'").all();
    expect(names).toEqual([
      { type: "table", name: "mine" },
      ...["meta", "rows", "holes", "watermarks"].map((name) => ({ type: "table", name: `nightbus_${name}` })),
    ]);
    expect(db.pragma("user_version", { simple: true })).toBe(42);
    expect(db.prepare("select version from nightbus_meta").get()).toEqual({ version: 1 });
    expect(db.pragma("journal_mode", { simple: true })).toBe("wal");
  });

  it.each([
    [undefined, "synchronous = full"],
    ["full", "synchronous = full"],
    ["normal", "synchronous = normal"],
  ] as const)("with durability %s runs %s", async (durability, expected) => {
    const pragma = vi.spyOn(Database.prototype, "pragma");
    const store = sqlite(newPath(), durability === undefined ? {} : { durability });
    await close(new Bus({ store })).ready();
    expect(pragma.mock.calls.flat()).toContain(expected);
    pragma.mockRestore();
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

function newer(path: string): void {
  const db = new Database(path);
  db.exec("create table nightbus_meta (version integer, more text); insert into nightbus_meta values (99, 'x')");
  db.close();
}

describe("what can go wrong with a commit", () => {
  it("waits for a lock of somebody else without blocking the event loop", async () => {
    const path = newPath();
    const bus = open(path);
    await bus.ready();
    const other = close(new Database(path));
    other.exec("begin immediate");
    const sent = bus.sendone("x", 1);
    let turns = 0;
    let settled = false;
    void sent.finally(() => {
      settled = true;
    });
    while (turns < 200) turns += await new Promise<number>((resolve) => setImmediate(() => resolve(1)));
    expect(settled).toBe(false);
    other.exec("rollback");
    expect(await sent).toBe(bus.last);
  });

  it("gives up on a lock after 5 s, with nothing committed, and works again afterwards", async () => {
    const path = newPath();
    const began = performance.now();
    // A clock on which a second takes 10 ms.
    const clock = {
      now: () => Date.now(),
      monotonic: () => (performance.now() - began) * 100,
      base: () => Date.now() * 1000,
      setTimeout: (callback: () => void, ms: number) => setTimeout(callback, ms / 100),
      clearTimeout: (timer: unknown) => clearTimeout(timer as NodeJS.Timeout),
    };
    const bus = open(path, { clock });
    await bus.ready();
    const other = close(new Database(path));
    other.exec("begin immediate");
    const refusal = {
      code: "store",
      refused: true,
      message: expect.stringMatching(/locked by somebody else for more than 5 s/),
    };
    const [one, many] = await Promise.allSettled([bus.sendone("x", 1), bus.sendmany([["x", 2]])]);
    expect(one).toMatchObject({ status: "rejected", reason: refusal });
    expect(many).toMatchObject({ status: "rejected", reason: refusal });
    other.exec("rollback");
    const id = await bus.sendone("x", 3);
    expect(await bus.poll(["x"])).toMatchObject([{ id, message: 3 }]);
  });

  it("rejects what a full disk does not take, whole, with the cause, and takes the next send again", async () => {
    const db = close(new Database(newPath()));
    const bus = close(new Bus({ store: sqlite(db) }));
    await bus.sendone("x", "before");
    db.pragma("max_page_count = 20");
    const large = bus.sendmany([
      ["x", 1],
      ["x", "y".repeat(200_000)],
    ]);
    const small = bus.sendone("x", "small");
    await expect(large).rejects.toMatchObject({ code: "store", refused: true, cause: { code: "SQLITE_FULL" } });
    await small;
    expect((await bus.poll(["x"])).map(({ message }) => message)).toEqual(["before", "small"]);
    db.pragma("max_page_count = 1000000");
    await bus.sendone("x", "y".repeat(200_000));
  });

  it("reads from a read-only database and rejects sends to it", async () => {
    const path = newPath();
    const writer = open(path);
    const id = await writer.sendone("x", 1);
    await writer.close();
    const bus = close(new Bus({ store: sqlite(close(new Database(path, { readonly: true }))) }));
    expect(await bus.poll(["x"])).toMatchObject([{ id }]);
    await expect(bus.sendone("x", 2)).rejects.toMatchObject({ code: "store", cause: { code: "SQLITE_READONLY" } });
    expect(await bus.poll(["x"])).toMatchObject([{ id }]);
  });
});

describe("a database of the application's own", () => {
  it("is used with its own pragmas and stays open", async () => {
    const db = close(new Database(newPath(), { timeout: 1234 }));
    const bus = close(new Bus({ store: sqlite(db) }));
    await bus.sendone("x", 1);
    await bus.close();
    expect(db.open).toBe(true);
    expect(db.pragma("journal_mode", { simple: true })).toBe("delete");
    expect(db.pragma("busy_timeout", { simple: true })).toBe(1234);
  });

  it("takes no durability, and nothing else may stand in for it", () => {
    const db = close(new Database(":memory:"));
    expect(() => sqlite(db, { durability: "normal" })).toThrow(/keeps its own pragmas/);
    expect(() => sqlite("x", { durability: "maybe" as never })).toThrow(/"full" or "normal", got "maybe"/);
    for (const wrong of ["", undefined, {}, 5]) expect(() => sqlite(wrong as never)).toThrow(/takes a path or/);
  });

  it("makes sends wait while the application is inside a transaction, and commits nothing of the bus's in it", async () => {
    const db = close(new Database(newPath()));
    const bus = close(new Bus({ store: sqlite(db) }));
    await bus.ready();
    db.exec("begin");
    let settled = false;
    const sent = bus.sendone("x", 1).finally(() => {
      settled = true;
    });
    for (let turn = 0; turn < 200; turn += 1) await new Promise((resolve) => setImmediate(resolve));
    expect(settled).toBe(false);
    db.exec("rollback");
    const id = await sent;
    expect(db.prepare("select id from nightbus_rows").all()).toEqual([{ id }]);
  });

  it("may be switched to BigInt", async () => {
    const db = close(new Database(newPath()));
    db.defaultSafeIntegers(true);
    const first = close(new Bus({ store: sqlite(db), retention: { count: 1 } }));
    const ids = await first.sendmany([1, 2, 3].map((n) => ["x", n] as const));
    await first.close();
    const second = close(new Bus({ store: sqlite(db) }));
    expect(await second.poll(["x"], ids[0])).toMatchObject({ missed: true, last: ids[2], 0: { id: ids[2] } });
    expect(await second.poll(["x"], ids[1])).toMatchObject({ missed: false, last: ids[2], 0: { id: ids[2] } });
  });
});

describe("retention in SQLite", () => {
  it("forgets rows behind the sends, and keeps each channel's watermark with them", async () => {
    const path = newPath();
    const bus = open(path, { retention: { count: 2 } });
    const ids: number[] = [];
    for (let n = 0; n < 5; n += 1) ids.push(await bus.sendone("x", n), await bus.sendone("y", n));
    await bus.close();
    const db = close(new Database(path));
    expect(db.prepare("select id from nightbus_rows").all()).toEqual(ids.slice(6).map((id) => ({ id })));
    expect(db.prepare("select key, id from nightbus_watermarks order by key").all()).toEqual([
      { key: '"x"', id: ids[4] },
      { key: '"y"', id: ids[5] },
    ]);
  });

  it("happens within a second, without a close", async () => {
    const path = newPath();
    const bus = open(path, { retention: { count: 1 } });
    for (let n = 0; n < 20; n += 1) await bus.sendone("x", n);
    const began = performance.now();
    const count = close(new Database(path)).prepare("select count(*) from nightbus_rows").pluck();
    await until(() => count.get() === 1);
    expect(performance.now() - began).toBeLessThan(1500);
  });

  it("shrinks what is replayed when less is retained than before", async () => {
    const path = newPath();
    const before = open(path);
    const ids = await before.sendmany(Array.from({ length: 20 }, (_, n) => ["x", n] as const));
    await before.close();
    const after = open(path, { retention: { count: 3 } });
    expect((await after.poll(["x"])).map(({ id }) => id)).toEqual(ids.slice(-3));
    expect((await after.poll(["x"], ids[15])).missed).toBe(true);
    expect((await after.poll(["x"], ids[16])).missed).toBe(false);
  });
});

describe("several processes on one file", () => {
  it("each see what the others commit within 25 ms (median), also while nothing else happens", async () => {
    const path = newPath();
    const [a, b] = [open(path), open(path)];
    await Promise.all([a.ready(), b.ready()]);
    const latencies: number[] = [];
    for (let n = 0; n < 15; n += 1) {
      const seen = b.poll(["x"], b.last, 5_000).then(() => performance.now());
      const sent = performance.now();
      await a.sendone("x", n);
      latencies.push((await seen) - sent);
    }
    expect(latencies.sort((x, y) => x - y)[7]).toBeLessThan(25);
  });

  it("do not disturb each other by trimming", async () => {
    const path = newPath();
    const buses = [1, 2, 3].map(() => open(path, { retention: { count: 2, total: 10 } }));
    const errors: Error[] = [];
    for (const bus of buses) bus.on("error", (error) => errors.push(error));
    for (let n = 0; n < 60; n += 1) await Promise.all(buses.map((bus, index) => bus.sendone(`c${(n + index) % 9}`, n)));
    for (const bus of buses) await bus.close();
    expect(errors).toEqual([]);
    const last = buses[0]!.last;
    const reopened = open(path, { retention: { count: 2, total: 10 } });
    const channels = Array.from({ length: 9 }, (_, n) => `c${n}`);
    const rows = await reopened.poll(channels);
    expect(rows).toHaveLength(10);
    expect(reopened.last).toBeGreaterThanOrEqual(last);
    expect((await reopened.poll(channels, rows[0]!.id - 1)).missed).toBe(true);
    expect((await reopened.poll(channels, reopened.last, 0)).missed).toBe(false);
  });

  it("take a cursor of a faster process for what it is, not for one from the future", async () => {
    const path = newPath();
    const [a, b] = [open(path), open(path)];
    await Promise.all([a.ready(), b.ready()]);
    const id = await a.sendone("x", 1);
    expect(b.last).toBeLessThan(id);
    expect(await b.poll(["x"], id, 0)).toMatchObject({ length: 0, missed: false, last: id });
    expect(await b.poll(["x"], id + 1, 0)).toMatchObject({ length: 1, missed: true });
  });

  it("tell the readers of one that was stopped what others trimmed meanwhile, and only that", async () => {
    const path = newPath();
    const retention = { count: 1 };
    const handle = close(new Database(path));
    const stopped = close(new Bus({ store: sqlite(handle), retention }));
    await stopped.sendmany([
      ["x", 0],
      ["quiet", 0],
    ]);
    const last = stopped.last;
    const parked = stopped.poll(["x"], last);
    const quiet = stopped.poll(["quiet"], last, 1_000);
    handle.exec("begin"); // while the application holds a transaction, the store does not look
    const other = open(path, { retention });
    const ids = [await other.sendone("x", 1), await other.sendone("x", 2), await other.sendone("y", 3)];
    await other.close();
    expect(stopped.last).toBe(last);
    handle.exec("commit");
    expect(await parked).toMatchObject({ missed: true, last: ids[2], length: 1, 0: { id: ids[1] } });
    expect(await stopped.poll(["x"], ids[1], 0)).toMatchObject({ missed: false });
    expect(await stopped.poll(["y"], last, 0)).toMatchObject({ missed: false, length: 1 });
    const another = await stopped.sendone("quiet", 1);
    expect(await quiet).toMatchObject({ missed: false, 0: { id: another } });
  });
});

describe("better-sqlite3 13 on a Node that lacks its Node-API", () => {
  it("is refused with a sentence, before it can end the process", async () => {
    vi.resetModules();
    vi.doMock("node:module", () => ({ createRequire: () => () => ({ version: "13.0.1" }) }));
    const napi = Object.getOwnPropertyDescriptor(process.versions, "napi")!;
    Object.defineProperty(process.versions, "napi", { ...napi, value: "9" });
    const fresh = await import("../../src/stores/sqlite/driver.ts");
    await expect(fresh.openDatabase(newPath())).rejects.toMatchObject({
      code: "store",
      message: expect.stringMatching(/better-sqlite3 13\.0\.1 needs Node-API 10.*npm install better-sqlite3@12/),
    });
    Object.defineProperty(process.versions, "napi", napi);
    vi.doUnmock("node:module");
  });
});
