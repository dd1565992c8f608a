import BetterSqlite3 from "better-sqlite3";
import type { SqliteDatabase } from "nightbus/sqlite";
import { type AnyBus, Bus, importStore } from "./built.ts";
import { produce } from "./engines/producers.ts";
import { compare, type Line, type Ready } from "./harness.ts";
import { machine, table } from "./report.ts";
import { ownFolder } from "./sqlite-files.ts";

// `npm run bench:drivers` measures a bus over the runtime's own SQLite beside one over better-sqlite3, in one run. The
// program needs Node 22.13 or later, or Bun, and a better-sqlite3 that runs there.

const PRODUCERS = 64;
const SEND = 100;
const ROWS = 20_000;
const RETENTION = { age: Number.POSITIVE_INFINITY, count: ROWS, total: ROWS };
const TRIMMING = { count: 100 };

type Constructor = new (path: string) => SqliteDatabase;

const [name, Own] = ownDriver();
const folder = ownFolder();
const { sqlite } = await importStore("sqlite");
const lines: Line[] = [];
for await (const line of measured()) {
  lines.push(line);
  console.error(table([line]).split("\n").at(-1));
}
folder.remove();
const { where, date } = machine();
console.log(`${name}, ${where}, ${date}\n\n${table(lines)}`);

function ownDriver(): readonly [name: string, constructor: Constructor] {
  for (const name of ["bun:sqlite", "node:sqlite"]) {
    const module = process.getBuiltinModule(name) as unknown as Record<string, Constructor> | undefined;
    const found = module?.["Database"] ?? module?.["DatabaseSync"];
    if (found !== undefined) return [name, found];
  }
  throw new Error(`${process.version} has no SQLite of its own: run this on Node 22.13 or later, or on Bun`);
}

async function* measured(): AsyncGenerator<Line> {
  yield* row("S1", `${PRODUCERS} awaiting producers, FULL`, 15 * PRODUCERS, "send", (bus) =>
    produce(PRODUCERS, 15, (message) => bus.sendone("lobby", message)),
  );
  yield* row("S2", `sends of ${SEND} rows, FULL`, 10 * SEND, "row", (bus) => sendRows(bus, 10));
  yield* row("S3", `sends of ${SEND} rows, each trimmed again`, 20 * SEND, "row", (bus) => sendRows(bus, 20), TRIMMING);
  const path = folder.file("replayed.db");
  const full = busOn(BetterSqlite3, path, RETENTION);
  await sendRows(full, ROWS / SEND);
  await full.close();
  yield await compare({
    id: "S4",
    workload: `reopening ${ROWS.toLocaleString("en")} rows`,
    beside: "better-sqlite3",
    ours: () => reopened(Own, path),
    rival: () => reopened(BetterSqlite3, path),
    target: undefined,
    isSpeed: true,
    count: ROWS,
    of: "row",
  });
}

async function* row(
  id: string,
  workload: string,
  count: number,
  of: string,
  go: (bus: AnyBus) => Promise<unknown>,
  retention?: { readonly count: number },
): AsyncGenerator<Line> {
  const ours = busOn(Own, folder.file(`${id}-own.db`), retention);
  const rival = busOn(BetterSqlite3, folder.file(`${id}-better.db`), retention);
  const ready = (bus: AnyBus): Ready<number> => ({
    warm: () => go(bus),
    go: () => go(bus),
    result: async () => (await bus.recent(["lobby"], SEND)).length,
  });
  yield await compare({
    id,
    workload,
    beside: "better-sqlite3",
    ours: () => ready(ours),
    rival: () => ready(rival),
    target: undefined,
    isSpeed: true,
    count,
    of,
  });
  await Promise.all([ours.close(), rival.close()]);
}

async function sendRows(bus: AnyBus, sends: number): Promise<void> {
  for (let send = 0; send < sends; send += 1) {
    await bus.sendmany(Array.from({ length: SEND }, (_, n) => ["lobby", { from: `user ${n % 7}`, n }] as const));
  }
}

function reopened(Handle: Constructor, path: string): Ready<number> {
  const bus = busOn(Handle, path, RETENTION);
  return {
    go: () => bus.ready(),
    async result() {
      const { length } = await bus.recent(["lobby"], ROWS);
      await bus.close();
      return length;
    },
  };
}

/** Returns a bus over a handle that is as durable as a path by default. */
function busOn(Handle: Constructor, path: string, retention: object = {}): AnyBus {
  const handle = new Handle(path);
  handle.exec("pragma journal_mode = wal");
  handle.exec("pragma synchronous = full");
  return new Bus({ store: sqlite(handle), retention });
}
