import { renameSync } from "node:fs";
import { basename, dirname } from "node:path";
import { monitorEventLoopDelay } from "node:perf_hooks";
import { describe, expect, it, onTestFinished, vi } from "vitest";
import { Bus } from "../../../src/bus.ts";
import { sqlite } from "../../../src/stores/sqlite.ts";
import { closing, temporaryFiles } from "../files.ts";
import { DRIVER, openDatabase, pragma } from "./database.ts";

const newPath = temporaryFiles();
const close = closing();

describe("a database of the application's own", () => {
  it("is used with its own pragmas and stays open", async () => {
    const db = close(openDatabase(newPath(), { timeout: 1234 }));
    const bus = close(new Bus({ store: sqlite(db) }));
    await bus.sendone("x", 1);
    await bus.close();
    expect(db.prepare("select 1 as one").get()).toEqual({ one: 1 });
    expect(pragma(db, "journal_mode")).toBe("delete");
    expect(pragma(db, "busy_timeout")).toBe(1234);
  });

  it("never waits for a lock inside SQLite, however long it is set to, in opening, sending and looking", async () => {
    const path = newPath();
    const other = close(openDatabase(path));
    other.exec("create table t (x); begin exclusive");
    const bus = close(new Bus({ store: sqlite(close(openDatabase(path, { timeout: 5_000 }))) }));
    const watching = longestTurn();
    const sent = bus.sendone("x", 1);
    for (let turn = 0; turn < 30; turn += 1) await new Promise((resolve) => setTimeout(resolve, 1));
    other.exec("commit");
    await sent;
    other.exec("begin exclusive");
    const again = bus.sendone("x", 2);
    // Long enough for a look in passing.
    for (let turn = 0; turn < 300; turn += 1) await new Promise((resolve) => setTimeout(resolve, 1));
    other.exec("commit");
    await again;
    expect(watching()).toBeLessThan(1_000);
  });

  it("serves one bus at a time", async () => {
    const db = close(openDatabase(":memory:"));
    const first = close(new Bus({ store: sqlite(db) }));
    const second = close(new Bus({ store: sqlite(db) }));
    await expect(second.ready()).rejects.toMatchObject({ code: "store", message: /another bus uses this database/ });
    const id = await first.sendone("x", 1);
    await first.close();
    const third = close(new Bus({ store: sqlite(db) }));
    expect(await third.poll(["x"])).toMatchObject([{ id }]);
  });

  it("serves one bus at a time, also of another copy of the library", async () => {
    const db = close(openDatabase(":memory:"));
    const first = close(new Bus({ store: sqlite(db) }));
    vi.resetModules();
    const copy = await import("../../../src/stores/sqlite.ts");
    expect(copy.sqlite).not.toBe(sqlite);
    const second = close(new Bus({ store: copy.sqlite(db) }));
    await expect(second.ready()).rejects.toMatchObject({ code: "store", message: /another bus uses this database/ });
    await first.close();
    await close(new Bus({ store: copy.sqlite(db) })).sendone("x", 1);
  });

  it.each(["the store", "the application"])(
    "is watched where %s opened it, also after the process has changed its folder",
    async (opener) => {
      const [path, elsewhere] = [newPath(), newPath()];
      const before = process.cwd();
      onTestFinished(() => process.chdir(before));
      process.chdir(dirname(path));
      const source = opener === "the store" ? basename(path) : close(openDatabase(basename(path)));
      const bus = close(new Bus({ store: sqlite(source) }));
      if (opener === "the store") await bus.ready();
      process.chdir(dirname(elsewhere));
      const errors: Error[] = [];
      bus.on("error", (error) => errors.push(error));
      await bus.sendone("x", 1);
      const other = close(new Bus({ store: sqlite(path) }));
      const id = await other.sendone("x", 2);
      expect(await bus.poll(["x"], id - 1)).toMatchObject([{ id }]);
      renameSync(path, `${path}.away`);
      await vi.waitUntil(() => errors.length > 0);
      await expect(bus.sendone("x", 3)).rejects.toMatchObject({ message: /deleted or replaced/ });
    },
  );

  it("takes no durability, and nothing else may stand in for it", () => {
    const db = close(openDatabase(":memory:"));
    expect(() => sqlite(db, { durability: "normal" })).toThrow(/keeps its own pragmas/);
    expect(() => sqlite("x", { durability: "maybe" as never })).toThrow(/"full" or "normal", got "maybe"/);
    for (const wrong of ["", undefined, {}, 5, { prepare() {}, exec() {}, close() {} }])
      expect(() => sqlite(wrong as never)).toThrow(/takes a path or/);
  });

  it("makes sends wait while the application is inside a transaction, and commits nothing of the bus's in it", async () => {
    const db = close(openDatabase(newPath()));
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

  it.runIf(DRIVER === "better-sqlite3")("may be switched to BigInt", async () => {
    const db = close(openDatabase(newPath(), { bigints: true }));
    const first = close(new Bus({ store: sqlite(db), retention: { count: 1 } }));
    const ids = await first.sendmany([1, 2, 3].map((n) => ["x", n] as const));
    await first.close();
    const second = close(new Bus({ store: sqlite(db) }));
    expect(await second.poll(["x"], ids[0])).toMatchObject({ missed: true, last: ids[2], 0: { id: ids[2] } });
    expect(await second.poll(["x"], ids[1])).toMatchObject({ missed: false, last: ids[2], 0: { id: ids[2] } });
  });
});

/** Watches the event loop, and in the end says how long its longest turn took, in ms. */
function longestTurn(): () => number {
  const delays = monitorEventLoopDelay({ resolution: 5 });
  delays.enable();
  return () => {
    delays.disable();
    return delays.max / 1e6;
  };
}
