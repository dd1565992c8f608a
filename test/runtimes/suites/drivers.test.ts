import { execFile } from "node:child_process";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { promisify } from "node:util";
import BetterSqlite3 from "better-sqlite3";
import { Bus } from "nightbus";
import { type SqliteDatabase, sqlite } from "nightbus/sqlite";
import { describe, expect, it, onTestFinished } from "vitest";
import { blocksFor } from "../../support/pages.ts";
import { application } from "../packed.ts";
import { RUNTIMES, runtimeHere } from "../runtimes.ts";

type Constructor = new (path: string) => SqliteDatabase;

const own = process.getBuiltinModule(runtimeHere() === "Bun" ? "bun:sqlite" : "node:sqlite") as unknown as {
  readonly Database?: Constructor;
  readonly DatabaseSync?: Constructor;
};
const Own = (own.Database ?? own.DatabaseSync)!;

describe("the drivers of SQLite in one process", () => {
  it("share a file, but not a transaction of the bus", async () => {
    const path = join(folder(), "bus.db");
    const bus = new Bus({ store: sqlite(path) }); // by better-sqlite3, which is installed
    await bus.ready();
    const database = new Own(path);
    database.exec("begin immediate");
    expect(() => bus.sendwithin(database, [["a", 1]])).toThrow(
      expect.objectContaining({ code: "bad_transaction", message: expect.stringMatching(/drop each other's locks/) }),
    );
    database.exec("rollback");
    const same = new BetterSqlite3(path);
    same.exec("begin immediate");
    bus.sendwithin(same, [["a", 2]]);
    same.exec("commit");
    await bus.sendone("a", 3);
    expect((await bus.poll(["a"], 0, 0)).map(({ message }) => message)).toEqual([2, 3]);
    await bus.close();
    database.close();
    same.close();
  });

  it("are all taken as the application's handles", async () => {
    for (const Handle of [Own, BetterSqlite3 as Constructor]) {
      const database = new Handle(":memory:");
      const bus = new Bus({ store: sqlite(database) });
      const id = await bus.sendone("a", 1);
      expect(await bus.poll(["a"])).toMatchObject([{ id, message: 1 }]);
      await bus.close();
      database.close();
    }
  });
});

it.skipIf(runtimeHere() === "Bun")("runs the program of the page on transactions over node:sqlite", async () => {
  const block = blocksFor("named program").find(({ text }) => text.startsWith("// shop.js"))!;
  const program = join(application, `shop-${process.pid}.mjs`);
  onTestFinished(() => rmSync(program));
  writeFileSync(program, block.text);
  const { args } = RUNTIMES.find(({ name }) => name === runtimeHere())!;
  const run = promisify(execFile);
  const cwd = folder();
  await run(process.execPath, [...args, program], { cwd, timeout: 15_000 });
  const database = new BetterSqlite3(join(cwd, "shop.db"), { readonly: true });
  expect(database.prepare("select json from nightbus_rows").all()).toEqual([{ json: '{"total":42}' }]);
  expect(database.prepare("select total from orders").all()).toEqual([{ total: 42 }]);
  database.close();
});

function folder(): string {
  const path = mkdtempSync(join(tmpdir(), "nightbus-"));
  onTestFinished(() => rmSync(path, { recursive: true, force: true }));
  return path;
}
