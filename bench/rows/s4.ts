import Database from "better-sqlite3";
import { type AnyBus, Bus, importStore } from "../built.ts";
import { compare, type Line, type Ready } from "../harness.ts";
import { ownFolder } from "../sqlite-files.ts";

const ROWS = 1_000_000;
const CHANNELS = 10_000;
const SEND = 1_000;
const PAGE = 5_000;
const RETENTION = { age: Number.POSITIVE_INFINITY, count: ROWS, total: ROWS };

/** Opening a file of a million notifications, until it can be read by channel, beside a select of the same rows by pages. */
export async function* lines(): AsyncGenerator<Line> {
  const { sqlite } = await importStore("sqlite");
  const folder = ownFolder();
  const path = folder.file("bus.db");
  try {
    await fill(path);
    yield await compare({
      id: "S4",
      workload: "reopening 1,000,000 rows of 10,000 channels",
      beside: "the bare select, by pages of 5,000",
      ours: () => reopened(new Bus({ store: sqlite(path), retention: RETENTION })),
      rival: () => selected(path),
      target: { atMost: 2 },
      count: ROWS,
      of: "row",
    });
  } finally {
    folder.remove();
  }
}

async function fill(path: string): Promise<void> {
  const { sqlite } = await importStore("sqlite");
  const bus = new Bus({ store: sqlite(path, { durability: "normal" }), retention: RETENTION });
  for (let first = 0; first < ROWS; first += SEND) {
    await bus.sendmany(
      Array.from({ length: SEND }, (_, index) => [
        `channel ${(first + index) % CHANNELS}`,
        { from: `user ${index % 97}`, text: `hello, this is message ${first + index}` },
      ]),
    );
  }
  await bus.close();
}

function reopened(bus: AnyBus): Ready<readonly unknown[]> {
  return {
    go: () => bus.ready(),
    async result() {
      const found = await bus.poll(["channel 7"], 0, 0);
      await bus.close();
      return found.map(({ id, message }) => [id, message]);
    },
  };
}

type Row = readonly [id: number, key: string, json: string, at: number, send: number];

function selected(path: string): Ready<readonly unknown[]> {
  const db = new Database(path);
  const page = db
    .prepare(`select id, key, json, at, send from nightbus_rows where id > ? order by id limit ${PAGE}`)
    .raw();
  const rows: Row[] = [];
  return {
    go() {
      for (let last = 0; ; ) {
        const found = page.all(last) as Row[]; // as selected
        for (const row of found) rows.push(row);
        if (found.length < PAGE) return;
        last = found.at(-1)![0];
      }
    },
    result() {
      db.close();
      return rows.filter(([, key]) => key === '"channel 7"').map(([id, , json]) => [id, JSON.parse(json)]);
    },
  };
}
