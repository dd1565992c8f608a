import { join } from "node:path";
import { Bus, type BusError } from "nightbus";
import { describe, expect, it, onTestFinished, vi } from "vitest";
import type { BusOptions } from "../../../src/options.ts";
import { sqlite } from "../../../src/stores/sqlite.ts";
import { closing } from "../../stores/files.ts";
import { canMount, disk, fileSize } from "./quotas.ts";

const TEXT = "x".repeat(2_000);
const close = closing();

/** The signs of a full disk. A failed write leaves the outcome open, unless the system says that there is no room. */
const QUOTAS = [
  ["a disk that is full", disk, true],
  ["a file that may grow no further", fileSize, false],
] as const;

for (const [what, quota, refused] of QUOTAS.slice(canMount() ? 0 : 1)) {
  const refusal = { code: "store", refused, unavailable: false };

  describe(what, () => {
    it("takes what it has room for, refuses the rest, loses nothing, and works again when there is room", async () => {
      const { path, raise } = place(quota);
      const { bus, errors } = open(path);
      const { ids, failures } = await fill(bus);
      expect(ids.length).toBeGreaterThan(10);
      expect(failures.length).toBeGreaterThan(10);
      for (const failure of failures) expect(failure).toMatchObject(refusal);
      expect((await bus.poll(["x"], 0, 0)).map(({ id }) => id)).toEqual(ids);
      const waiting = bus.poll(["x"], bus.last, 10_000);
      raise();
      const id = await bus.sendone("x", "after");
      expect(await waiting).toMatchObject({ missed: false, 0: { id } });
      await bus.close();
      expect(errors).toEqual([]);
      const again = open(path).bus;
      expect((await again.poll(["x"], 0, 0)).map((each) => each.id)).toEqual([...ids, id]);
    });

    it("loses nothing of what was acknowledged when the bus closes on it, which it says in an error event", async () => {
      const { path, raise } = place(quota);
      const { bus, errors } = open(path);
      const { ids } = await fill(bus);
      await bus.close();
      expect(errors.length).toBeLessThanOrEqual(1);
      raise();
      const again = open(path).bus;
      expect((await again.poll(["x"], 0, 0)).map(({ id }) => id)).toEqual(ids);
    });

    it("keeps what was trimmed until there is room, and says so once", async () => {
      const { path, raise } = place(quota);
      const { bus, errors } = open(path, { retention: { count: 5 } });
      await fill(bus);
      await vi.waitUntil(() => errors.length > 0, { timeout: 30_000 });
      expect((await bus.poll(["x"], 0, 0)).length).toBe(5);
      raise();
      await bus.sendone("x", "after");
      await bus.close();
      expect(errors).toMatchObject([refusal]);
      const again = open(path, { retention: {} }).bus;
      expect((await again.poll(["x"], 0, 0)).length).toBe(5);
    });
  });
}

function place(quota: (typeof QUOTAS)[number][1]): { readonly path: string; readonly raise: () => void } {
  const { folder, raise, remove } = quota();
  onTestFinished(remove);
  return { path: join(folder, "bus.db"), raise };
}

function open(path: string, options: BusOptions = {}): { readonly bus: Bus; readonly errors: readonly Error[] } {
  const bus = close(new Bus({ store: sqlite(path), ...options }));
  const errors: Error[] = [];
  bus.on("error", (error) => errors.push(error));
  return { bus, errors };
}

/** Sends until nothing more finds room. */
async function fill(bus: Bus): Promise<{ readonly ids: readonly number[]; readonly failures: readonly BusError[] }> {
  const ids: number[] = [];
  const failures: BusError[] = [];
  while (failures.length < 20) {
    await bus.sendone("x", TEXT).then(
      (id) => ids.push(id),
      (error: BusError) => failures.push(error),
    );
  }
  return { ids, failures };
}
