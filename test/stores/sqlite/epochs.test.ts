import assert from "node:assert/strict";
import { statSync } from "node:fs";
import { Bus } from "nightbus";
import { sqlite } from "nightbus/sqlite";
import { describe, it } from "vitest";
import { failsWith, turns, until } from "../../../src/testing/conformance/bus/topic.ts";
import { ManualClock } from "../../../src/testing/fake/manual-clock.ts";
import { closing, temporaryFiles } from "../files.ts";
import { openDatabase, transact } from "./database.ts";

const newPath = temporaryFiles();
const close = closing();

function epochs(path: string): number {
  const database = openDatabase(path, { readonly: true });
  const { count } = database.prepare("select count(*) as count from nightbus_holes").get() as { count: number };
  database.close();
  return count;
}

describe("the epochs of a file", () => {
  it("are one for each life of a process, however many sends it makes within transactions", async () => {
    const path = newPath();
    const bus = close(new Bus({ store: sqlite(path) }));
    await bus.ready();
    const database = close(openDatabase(path));
    const send = (message: number): void =>
      transact(database, () => {
        bus.sendwithin(database, [["a", message]]);
        bus.sendwithin(database, [["a", message]]);
      });
    for (let index = 0; index < 20; index += 1) send(index);
    await bus.sendone("a", 1);
    send(20);
    assert.equal(epochs(path), 1);
    await until(() => bus.stats().rows === 43, "all was handed over");
    const batch = await bus.poll(["a"], 0, 0);
    assert.deepEqual([batch.length, new Set(batch.map(({ id }) => id - batch[0]!.id)).size], [43, 43]);
    assert.equal(batch.at(-1)!.id - batch[0]!.id, 42, "without a gap");
  });

  it("begin anew after one that was rolled back", async () => {
    const path = newPath();
    const bus = close(new Bus({ store: sqlite(path) }));
    await bus.ready();
    const begin = bus.last;
    const database = close(openDatabase(path));
    database.exec("begin");
    bus.sendwithin(database, [["a", "never"]]);
    database.exec("rollback");
    assert.equal(epochs(path), 0);
    const id = await bus.sendone("a", 1);
    assert.equal(epochs(path), 1);
    assert.ok(id > begin + 1, "it does not go on where another life ended");
    assert.equal((await bus.poll(["a"], begin, 0)).missed, false);
    assert.equal((await bus.poll(["a"], begin + 1, 0)).missed, true);
  });
});

describe("the write-ahead log of a file", () => {
  it("is cut off again after an outside reader has let it grow", async () => {
    const path = newPath();
    const bus = close(new Bus({ store: sqlite(path), retention: { count: 1 } }));
    await bus.sendone("a", 1);
    const outside = close(openDatabase(path));
    outside.exec("begin");
    outside.prepare("select count(*) from nightbus_rows").get();
    const text = "x".repeat(2 ** 20 - 100);
    for (let index = 0; index < 16; index += 1) await bus.sendone("b", text);
    const size = (): number => statSync(`${path}-wal`).size;
    assert.ok(size() > 12 * 2 ** 20, `${size()}`);
    outside.exec("commit");
    for (let index = 0; index < 4; index += 1) await bus.sendone("b", text);
    assert.ok(size() <= 6 * 2 ** 20, `${size()}`);
  });
});

describe("a transaction of the application's that it leaves open on the bus's handle", () => {
  it("fails sends after 5 s with what they waited for, and they go on once it has ended", async () => {
    const database = close(openDatabase(newPath()));
    const clock = new ManualClock();
    const bus = close(new Bus({ store: sqlite(database), clock }));
    await bus.ready();
    database.exec("begin");
    const sending = failsWith("store", () => bus.sendone("a", 1), "your own transaction", "more than 5 s");
    await turns();
    for (let waited = 0; waited < 5_100; waited += 20) {
      clock.advance(20);
      await turns();
    }
    const error = await sending;
    assert.deepEqual([error.refused, error.unavailable], [true, true]);
    database.exec("commit");
    assert.ok((await bus.sendone("a", 2)) > 0);
  });
});
