import { describe, expect, it } from "vitest";
import { Bus } from "../../../src/bus.ts";
import type { BusOptions } from "../../../src/options.ts";
import { sqlite } from "../../../src/stores/sqlite.ts";
import { turns } from "../../../src/testing/conformance/bus/topic.ts";
import { ManualClock } from "../../../src/testing/fake/manual-clock.ts";
import { until } from "../../http/conformance/client.ts";
import { closing, temporaryFiles } from "../files.ts";
import { openDatabase, pragma } from "./database.ts";

const newPath = temporaryFiles();
const close = closing();
const open = (path: string, options: BusOptions = {}) => close(new Bus({ store: sqlite(path), ...options }));

describe("what can go wrong with a commit", () => {
  it("waits for a lock of somebody else without blocking the event loop", async () => {
    const path = newPath();
    const bus = open(path);
    await bus.ready();
    const other = close(openDatabase(path));
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
    const clock = new ManualClock(Date.now());
    const bus = open(path, { clock });
    await bus.ready();
    const other = close(openDatabase(path));
    other.exec("begin immediate");
    const refusal = {
      code: "store",
      refused: true,
      unavailable: true,
      message: expect.stringMatching(/locked by somebody else for more than 5 s/),
    };
    const start = clock.monotonic();
    const sends = Array.from({ length: 300 }, (_, index) => bus.sendone("x", index));
    let results: readonly PromiseSettledResult<number>[] | undefined;
    void Promise.allSettled(sends).then((settled) => {
      results = settled;
    });
    while (results === undefined) {
      clock.advance(20);
      await turns(1);
    }
    expect(results).toHaveLength(300);
    for (const result of results) expect(result).toMatchObject({ status: "rejected", reason: refusal });
    expect(clock.monotonic() - start, "all of them together, not one after the other").toBeLessThan(9_000);
    other.exec("rollback");
    const id = await bus.sendone("x", 3);
    expect(await bus.poll(["x"])).toMatchObject([{ id, message: 3 }]);
  });

  it("rejects what a full disk does not take, whole, with the cause, and takes the next send again", async () => {
    const db = close(openDatabase(newPath()));
    const bus = close(new Bus({ store: sqlite(db) }));
    await bus.sendone("x", "before");
    pragma(db, "max_page_count = 20");
    const large = bus.sendmany([
      ["x", 1],
      ["x", "y".repeat(200_000)],
    ]);
    const small = bus.sendone("x", "small");
    await expect(large).rejects.toMatchObject({ code: "store", refused: true, cause: { message: /full/ } });
    await small;
    expect((await bus.poll(["x"])).map(({ message }) => message)).toEqual(["before", "small"]);
    pragma(db, "max_page_count = 1000000");
    await bus.sendone("x", "y".repeat(200_000));
  });

  it("reads from a read-only database and rejects sends to it", async () => {
    const path = newPath();
    const writer = open(path);
    const id = await writer.sendone("x", 1);
    await writer.close();
    const bus = close(new Bus({ store: sqlite(close(openDatabase(path, { readonly: true }))) }));
    expect(await bus.poll(["x"])).toMatchObject([{ id }]);
    await expect(bus.sendone("x", 2)).rejects.toMatchObject({ code: "store", cause: { message: /readonly/ } });
    expect(await bus.poll(["x"])).toMatchObject([{ id }]);
  });
});

describe("retention in SQLite", () => {
  it("forgets rows behind the sends, and keeps each channel's watermark with them", async () => {
    const path = newPath();
    const bus = open(path, { retention: { count: 2 } });
    const ids: number[] = [];
    for (let n = 0; n < 5; n += 1) ids.push(await bus.sendone("x", n), await bus.sendone("y", n));
    await bus.close();
    const db = close(openDatabase(path));
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
    const count = close(openDatabase(path)).prepare("select count(*) as count from nightbus_rows");
    await until(() => count.get()!["count"] === 1);
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
