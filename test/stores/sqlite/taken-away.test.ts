import assert from "node:assert/strict";
import { Bus } from "nightbus";
import { sqlite } from "nightbus/sqlite";
import { describe, it } from "vitest";
import { messagesOf } from "../../../src/testing/conformance/bus/topic.ts";
import { closing, temporaryFiles } from "../files.ts";
import { openDatabase, transact } from "./database.ts";

const newPath = temporaryFiles();
const close = closing();

/** Does to the file what an operator may, with a tool of his own. */
function operate(path: string, sql: string): void {
  const database = openDatabase(path);
  database.exec(sql);
  database.close();
}

async function reopened(path: string): Promise<Bus> {
  const bus = close(new Bus({ store: sqlite(path) }));
  await bus.ready();
  return bus;
}

describe("a file from which rows were taken away while nobody had it open", () => {
  it("tells missed to all who have not read them, on every channel, and keeps to it", async () => {
    const path = newPath();
    const bus = new Bus({ store: sqlite(path) });
    await bus.ready();
    const start = bus.last;
    const [first, , last] = await bus.sendmany(["a", "b", "a"].map((channel) => [channel, 1]));
    await bus.close();
    operate(path, "delete from nightbus_rows");
    for (let life = 0; life < 2; life += 1) {
      const again = new Bus({ store: sqlite(path), retention: { count: 1 } });
      await again.ready();
      for (const cursor of [start, first!]) {
        const batch = await again.poll(["a", "never used"], cursor, 0);
        assert.deepEqual([batch.missed, batch.last], [true, again.last]);
      }
      assert.equal((await again.poll(["a"], last, 0)).missed, false, "it had read everything");
      await again.sendmany([1, 2, 3].map((message) => ["c", message])); // which leaves a watermark above what is gone
      await again.close();
    }
  });

  it("tells missed below the newest of them alone, and hands over all that is left", async () => {
    const path = newPath();
    const bus = new Bus({ store: sqlite(path) });
    const ids = await bus.sendmany([1, 2, 3, 4, 5].map((message) => ["a", message]));
    await bus.close();
    operate(path, `delete from nightbus_rows where id = ${ids[2]}`);
    const again = await reopened(path);
    const batch = await again.poll(["a"], ids[0], 0);
    assert.deepEqual([batch.missed, messagesOf(batch)], [true, [2, 4, 5]]);
    assert.equal((await again.poll(["a"], ids[2], 0)).missed, false);
  });

  it("tells nothing where all that is gone was trimmed", async () => {
    const path = newPath();
    const bus = new Bus({ store: sqlite(path), retention: { count: 2 } });
    await bus.sendmany([1, 2, 3, 4].map((message) => ["a", message]));
    const last = await bus.sendone("b", 1);
    await bus.close();
    const again = await reopened(path);
    const fresh = await again.sendone("b", 2);
    assert.equal((await again.poll(["a", "b"], last - 3, 0)).missed, false);
    assert.equal((await again.poll(["a"], last - 4, 0)).missed, true);
    assert.equal((await again.poll(["b"], last, 0))[0]?.id, fresh);
  });
});

describe("a file from which rows are taken away while a process lags", () => {
  it("tells missed of what the process never saw", async () => {
    const path = newPath();
    const slow = await reopened(path);
    const parked = slow.poll(["a"], slow.last, Number.POSITIVE_INFINITY);
    const fast = await reopened(path);
    const database = close(openDatabase(path));
    // All in one turn of the event loop, so that the other bus cannot look in between.
    transact(database, () => {
      fast.sendwithin(database, [["a", 1]]);
      database.exec("delete from nightbus_rows");
    });
    const batch = await parked;
    assert.deepEqual([batch.missed, batch.length], [true, 0]);
    assert.ok(batch.last > 0 && batch.last === slow.last);
    assert.equal((await slow.poll(["a"], batch.last, 0)).missed, false);
  });
});
