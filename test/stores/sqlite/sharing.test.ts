import { symlinkSync } from "node:fs";
import { describe, expect, it } from "vitest";
import { Bus } from "../../../src/bus.ts";
import type { BusOptions } from "../../../src/options.ts";
import { sqlite } from "../../../src/stores/sqlite.ts";
import { until } from "../../http/conformance/client.ts";
import { closing, temporaryFiles } from "../files.ts";
import { openDatabase } from "./database.ts";

/** The longest median until another process sees a commit, in ms. On Deno nothing watches the file, and looks are 25 ms apart. */
const LATENCY = process.versions["deno"] === undefined ? 25 : 50;

const newPath = temporaryFiles();
const close = closing();
const open = (path: string, options: BusOptions = {}) => close(new Bus({ store: sqlite(path), ...options }));

describe("several processes on one file", () => {
  it.each([
    ["by its path", (path: string) => path],
    ["through a link in another folder", linkTo],
  ])("each see soon what the others commit, also while nothing else happens, %s", async (_, way) => {
    const path = newPath();
    const a = open(path);
    await a.ready();
    const b = open(way(path));
    await Promise.all([a.ready(), b.ready()]);
    const latencies: number[] = [];
    for (let n = 0; n < 15; n += 1) {
      const seen = b.poll(["x"], b.last, 5_000).then(() => performance.now());
      const sent = performance.now();
      await a.sendone("x", n);
      latencies.push((await seen) - sent);
    }
    expect(latencies.sort((x, y) => x - y)[7]).toBeLessThan(LATENCY);
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
    const handle = close(openDatabase(path));
    const stopped = close(new Bus({ store: sqlite(handle), retention }));
    const errors: Error[] = [];
    stopped.on("error", (error) => errors.push(error));
    await stopped.sendmany([
      ["x", 0],
      ["quiet", 0],
    ]);
    const last = stopped.last;
    const parked = stopped.poll(["x"], last);
    const quiet = stopped.poll(["quiet"], last, 1_000);
    const began = performance.now();
    const passed = () => performance.now() - began;
    handle.exec("begin"); // while the application holds a transaction, the store does not look
    const other = open(path, { retention });
    const ids = [await other.sendone("x", 1), await other.sendone("x", 2), await other.sendone("y", 3)];
    await other.close();
    await until(() => passed() > 300); // the reader looks every 250 ms at the latest
    expect([stopped.last, errors]).toEqual([last, []]);
    handle.exec("commit");
    expect(await parked).toMatchObject({ missed: true, last: ids[2], length: 1, 0: { id: ids[1] } });
    expect(await stopped.poll(["x"], ids[1], 0)).toMatchObject({ missed: false });
    expect(await stopped.poll(["y"], last, 0)).toMatchObject({ missed: false, length: 1 });
    const another = await stopped.sendone("quiet", 1);
    expect(await quiet).toMatchObject({ missed: false, 0: { id: another } });
  });
});

function linkTo(path: string): string {
  const link = newPath();
  symlinkSync(path, link);
  return link;
}
