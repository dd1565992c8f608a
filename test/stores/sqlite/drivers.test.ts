import { describe, expect, it, onTestFinished, vi } from "vitest";
import type { Driver } from "../../../src/stores/sqlite/drivers/driver.ts";
import { temporaryFiles } from "../files.ts";
import { DRIVER } from "./database.ts";

const newPath = temporaryFiles();
/** Loads the drivers anew, on a Node that has this version of Node-API. */
async function load(napi: string): Promise<typeof import("../../../src/stores/sqlite/drivers/open.ts")> {
  const known = Object.getOwnPropertyDescriptor(process.versions, "napi")!;
  onTestFinished(() => void Object.defineProperty(process.versions, "napi", known));
  Object.defineProperty(process.versions, "napi", { ...known, value: napi });
  vi.resetModules();
  return import("../../../src/stores/sqlite/drivers/open.ts");
}

describe("the drivers of SQLite", () => {
  it.each([
    ["9", "12"],
    ["10", "13"],
  ])("say what to install where none is there, with Node-API %s", async (napi, major) => {
    const { openDatabase } = await load(napi);
    await expect(openDatabase(newPath(), [])).rejects.toMatchObject({
      code: "store",
      refused: true,
      message: expect.stringMatching(
        process.versions["deno"] === undefined
          ? `no SQLite on Node .*npm install better-sqlite3@${major}", or use Node 22.13`
          : "no SQLite in Deno .*Deno 2.2 or later has one",
      ),
    });
  });

  it("refuse better-sqlite3 13 without its Node-API, before it can end the process", async () => {
    vi.doMock("node:module", () => ({ createRequire: () => () => ({ version: "13.0.1" }) }));
    onTestFinished(() => void vi.doUnmock("node:module"));
    const { openDatabase } = await load("9");
    const { betterSqlite3 } = await import("../../../src/stores/sqlite/drivers/better-sqlite3.ts");
    await expect(openDatabase(newPath(), [betterSqlite3])).rejects.toMatchObject({
      code: "store",
      message: expect.stringMatching(
        /better-sqlite3 is installed.*13\.0\.1 needs Node-API 10.*npm install better-sqlite3@12/,
      ),
    });
  });

  it("go on to the next one if one does not work, and warn of it once", async () => {
    const { openDatabase } = await load("9");
    const { betterSqlite3 } = await import("../../../src/stores/sqlite/drivers/better-sqlite3.ts");
    const { nodeSqlite } = await import("../../../src/stores/sqlite/drivers/node-sqlite.ts");
    const works = DRIVER === "better-sqlite3" ? betterSqlite3 : nodeSqlite;
    const broken: Driver = {
      ...works,
      name: "broken",
      load: () => Promise.reject(new Error("its binary is of another Node")),
    };
    const emit = vi.spyOn(process, "emitWarning").mockImplementation(() => {});
    onTestFinished(() => emit.mockRestore());
    for (const path of [newPath(), newPath()]) (await openDatabase(path, [broken, works])).close();
    const warnings = emit.mock.calls.filter(([sentence]) => String(sentence).includes(works.name));
    expect(warnings).toEqual([
      [
        `broken is installed and does not work: its binary is of another Node. nightbus uses ${works.name} instead`,
        { type: "NightbusWarning" },
      ],
    ]);
  });

  it("open the driver under test, and know its handles", async () => {
    const { openDatabase, connectionOf } = await import("../../../src/stores/sqlite/drivers/open.ts");
    const path = newPath();
    const connection = await openDatabase(path);
    expect(connection.path).toBe(path);
    expect(connection.prepare("select 1, 'two', null").all()).toEqual([[1, "two", null]]);
    expect(connection.prepare("select 1 where 0").get()).toBeUndefined();
    connection.exec("begin");
    expect(connection.inTransaction).toBe(true);
    connection.exec("rollback");
    expect(connection.inTransaction).toBe(false);
    connection.close();
    expect(connectionOf({}), DRIVER).toBeUndefined();
  });
});
