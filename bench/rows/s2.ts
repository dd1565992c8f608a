import type Database from "better-sqlite3";
import { type AnyBus, Bus, importStore } from "../built.ts";
import { compare, type Line, type Ready } from "../harness.ts";
import { openByHand, ownFolder } from "../sqlite-files.ts";

const SEND = 100;
const SENDS = 10; // no more rows than a channel retains
const ALL = SEND * SENDS;

type Sent = readonly (readonly [channel: string, message: unknown])[];

/** Sends of a hundred rows, kept by SQLite at full durability, beside a transaction that inserts as many into the same table. */
export async function* lines(): AsyncGenerator<Line> {
  const { sqlite } = await importStore("sqlite");
  const folder = ownFolder();
  const bus = new Bus({ store: sqlite(folder.file("ours.db")) });
  const db = openByHand(folder.file("theirs.db"));
  try {
    await bus.sendone("lobby", "begins the run");
    db.exec(
      "create table rows (id integer primary key, key text not null, json text not null, at integer not null, send integer not null)",
    );
    yield await compare({
      id: "S2",
      workload: `sends of ${SEND} rows, SQLite FULL`,
      beside: "a loop of better-sqlite3 on the same table",
      ours: () => onBus(bus),
      rival: () => byHand(db),
      target: { atLeast: 0.7 },
      count: ALL,
      of: "row",
    });
  } finally {
    await bus.close();
    db.close();
    folder.remove();
  }
}

function onBus(bus: AnyBus): Ready<Sent> {
  const before = bus.last;
  return {
    async go() {
      for (let send = 0; send < SENDS; send += 1) await bus.sendmany(entriesOf(send));
    },
    async result() {
      const batch = await bus.poll(["lobby"], before, 0, { limit: ALL });
      return batch.map(({ channel, message }) => [channel as string, message]); // only a string was sent on
    },
  };
}

function byHand(db: Database.Database): Ready<Sent> {
  const insert = db.prepare("insert into rows (key, json, at, send) values (?, ?, ?, ?)");
  const newest = db.prepare<[number], { key: string; json: string }>(
    "select key, json from (select * from rows order by id desc limit ?) order by id",
  );
  const sendmany = db.transaction((entries: Sent) => {
    const at = Date.now();
    entries.forEach(([channel, message], place) => {
      insert.run(JSON.stringify(channel), JSON.stringify(message), at, place);
    });
  });
  return {
    go() {
      for (let send = 0; send < SENDS; send += 1) sendmany(entriesOf(send));
    },
    result: () => newest.all(ALL).map(({ key, json }) => [JSON.parse(key) as string, JSON.parse(json)] as const), // as inserted
  };
}

function entriesOf(send: number): Sent {
  return Array.from({ length: SEND }, (_, index) => ["lobby", { from: `user ${index % 7}`, n: send * SEND + index }]);
}
