import { Bus } from "nightbus";
import { describe, expect, it, vi } from "vitest";
import { sqlite } from "../../../src/stores/sqlite.ts";
import type { Clock } from "../../../src/util/clock.ts";
import { closing, temporaryFiles } from "../../stores/files.ts";
import { type Database, openDatabase } from "../../stores/sqlite/database.ts";

const newPath = temporaryFiles();
const close = closing();

/** Of a file that is locked for longer than 5 s. Other tests of commits tell the outcome of sends. */
const refusal = {
  code: "store",
  refused: true,
  unavailable: true,
  message: expect.stringMatching(/locked by somebody else for more than 5 s/),
};

describe("a file that somebody else has locked for longer than is waited", () => {
  it("is not opened, with one error event, and can be when the lock is gone", async () => {
    const path = newPath();
    const other = lock(path);
    const bus = close(new Bus({ store: sqlite(path), clock: fast() }));
    const errors: Error[] = [];
    bus.on("error", (error) => errors.push(error));
    const sent = bus.sendone("x", 1);
    await expect(bus.ready()).rejects.toMatchObject(refusal);
    await expect(sent).rejects.toMatchObject(refusal);
    expect(errors).toMatchObject([refusal]);
    await bus.close();
    other.exec("rollback");
    expect(await close(new Bus({ store: sqlite(path) })).sendone("x", 2)).toBeGreaterThan(0);
  });

  it("rejects a cursor that this process does not know, answers all others, and says nothing in the background", async () => {
    const { bus, path, errors } = await opened();
    const id = await bus.sendone("x", 1);
    const other = lock(path);
    await expect(bus.poll(["x"], id + 1, 0)).rejects.toMatchObject(refusal);
    expect(await bus.poll(["x"], id - 1, 0)).toMatchObject([{ id }]);
    const parked = bus.poll(["x"], id, 600_000);
    other.exec("rollback");
    expect(await bus.poll(["x"], id + 1, 0)).toMatchObject({ missed: true });
    const next = await bus.sendone("x", 2);
    expect(await parked).toMatchObject([{ id: next }]);
    expect(errors).toEqual([]);
  });

  it("lets a bus close, which says what it has left to the next opening", async () => {
    const { bus, path, errors } = await opened();
    for (let n = 0; n < 10; n += 1) await bus.sendone("x", n);
    const other = lock(path);
    const parked = bus.poll(["x"], bus.last, 600_000);
    await vi.waitUntil(() => bus.waiting === 1);
    await bus.close();
    expect(await parked).toEqual([]);
    expect(errors).toMatchObject([{ code: "store", message: /while closing, and will at the next opening.*locked/ }]);
    other.exec("rollback");
    const again = close(new Bus({ store: sqlite(path), retention: { count: 2 } }));
    expect((await again.poll(["x"], 0, 0)).map(({ message }) => message)).toEqual([8, 9]);
  });
});

/** A bus that trims, on a file in which readers wait for who writes. */
async function opened(): Promise<{ readonly bus: Bus; readonly path: string; readonly errors: readonly Error[] }> {
  const path = newPath();
  const db = close(openDatabase(path));
  const bus = close(new Bus({ store: sqlite(db), clock: fast(), retention: { count: 2 } }));
  const errors: Error[] = [];
  bus.on("error", (error) => errors.push(error));
  await bus.ready();
  return { bus, path, errors };
}

function lock(path: string): Database {
  const other = close(openDatabase(path));
  other.exec("begin exclusive");
  return other;
}

/** A clock on which a second takes 10 ms. */
function fast(): Clock {
  return {
    now: () => Date.now(),
    monotonic: () => performance.now() * 100,
    base: () => Date.now() * 1_000,
    setTimeout: (callback, ms) => setTimeout(callback, ms / 100),
    clearTimeout: (timer) => clearTimeout(timer as NodeJS.Timeout), // `setTimeout` above returned it
  };
}
