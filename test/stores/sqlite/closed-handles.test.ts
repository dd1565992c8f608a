import { readdirSync, readlinkSync } from "node:fs";
import { describe, expect, it, vi } from "vitest";
import { Bus } from "../../../src/bus.ts";
import { sqlite } from "../../../src/stores/sqlite.ts";
import { closing, temporaryFiles } from "../files.ts";
import { openDatabase, transact } from "./database.ts";

const newPath = temporaryFiles();
const close = closing();

describe("a handle that the application closes under a bus", () => {
  it("ends no process after a send within its last transaction, and is reported once", async () => {
    const db = openDatabase(newPath());
    const bus = close(new Bus({ store: sqlite(db) }));
    const errors: Error[] = [];
    bus.on("error", (error) => errors.push(error));
    await bus.ready();
    transact(db, () => bus.sendwithin(db, [["x", 1]]));
    db.close();
    await vi.waitUntil(() => errors.length > 0);
    await expect(bus.sendone("x", 2)).rejects.toMatchObject({ code: "store" });
    await bus.close();
    expect(errors).toMatchObject([
      { code: "store", message: expect.stringMatching(/SQLite failed in the background/) },
    ]);
  });

  it("ends no process while a send within its open transaction is expected", async () => {
    const db = openDatabase(newPath());
    const bus = close(new Bus({ store: sqlite(db) }));
    const errors: Error[] = [];
    bus.on("error", (error) => errors.push(error));
    await bus.ready();
    db.exec("begin immediate");
    bus.sendwithin(db, [["x", 1]]);
    for (let turn = 0; turn < 20; turn += 1) await new Promise((resolve) => setImmediate(resolve));
    db.close();
    await vi.waitUntil(() => errors.length > 0);
    await bus.close();
    expect(errors).toHaveLength(1);
  });

  it("is refused by sendwithin, whichever handle it is", async () => {
    const path = newPath();
    const db = openDatabase(path);
    const other = openDatabase(path);
    const unknown = openDatabase(path);
    const bus = close(new Bus({ store: sqlite(db) }));
    bus.on("error", () => {}); // of the closed handle
    await bus.ready();
    transact(other, () => bus.sendwithin(other, [["x", 1]]));
    for (const handle of [other, unknown, db]) {
      handle.close();
      const send = () => bus.sendwithin(handle, [["x", 2]]);
      expect(send).toThrow(expect.objectContaining({ code: "bad_transaction" }));
    }
  });

  it("is refused as a store, with the cause", () => {
    const db = openDatabase(newPath());
    db.close();
    expect(() => sqlite(db)).toThrow(
      expect.objectContaining({
        code: "bad_option",
        message: expect.stringMatching(/takes an open handle.*(open|closed)/),
        cause: expect.anything(),
      }),
    );
  });
});

describe.skipIf(process.platform !== "linux")("the file of the application's handle", () => {
  it("is closed with the handle after the bus, also of a handle that only sent within a transaction", async () => {
    const path = newPath();
    const db = openDatabase(path);
    const other = openDatabase(path);
    const bus = new Bus({ store: sqlite(db), retention: { count: 1 } });
    for (const message of [1, 2, 3]) await bus.sendone("x", message);
    for (const handle of [other, db, other]) transact(handle, () => bus.sendwithin(handle, [["x", "within"]]));
    other.close();
    await vi.waitUntil(() => opened(path) === 1);
    await bus.close();
    db.close();
    expect(opened(path)).toBe(0);
  });
});

/** Counts the descriptors of this process on a file. */
function opened(path: string): number {
  const targets = readdirSync("/proc/self/fd").map((descriptor) => {
    try {
      return readlinkSync(`/proc/self/fd/${descriptor}`);
    } catch {
      return ""; // the descriptor of this very folder
    }
  });
  return targets.filter((target) => target === path).length;
}
