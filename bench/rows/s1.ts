import type Database from "better-sqlite3";
import pDefer from "p-defer";
import { type AnyBus, Bus, importStore } from "../built.ts";
import { produce } from "../engines/producers.ts";
import { compare, type Line, type Ready } from "../harness.ts";
import { openByHand, ownFolder } from "../sqlite-files.ts";

const PRODUCERS = 64;
const SENDS = 15;
const ALL = PRODUCERS * SENDS;

type Sent = readonly (readonly [channel: string, message: unknown])[];

/**
 * Producers that await each of their sends, kept by SQLite at full durability, beside groups by hand. One transaction a send is
 * context, because the disk makes that ratio.
 */
export async function* lines(): AsyncGenerator<Line> {
  const { sqlite } = await importStore("sqlite");
  const folder = ownFolder();
  // Its rival trims nothing either.
  const bus = new Bus({ store: sqlite(folder.file("ours.db")), retention: { count: 1_000_000, total: 1_000_000 } });
  const db = open(folder.file("theirs.db"));
  try {
    await bus.sendone("lobby", { from: -1, n: 0 });
    const context = await compare({
      id: "S1",
      workload: `${PRODUCERS} awaiting producers, SQLite FULL`,
      beside: "one transaction a send",
      ours: () => onBus(bus),
      rival: () => byHand(db),
      target: undefined,
      isSpeed: true,
      count: ALL,
      of: "send",
    });
    yield { ...context, isContext: true };
    yield await compare({
      id: "S1",
      workload: `${PRODUCERS} awaiting producers, SQLite FULL`,
      beside: `${SENDS} transactions of ${PRODUCERS} rows by hand, each producer awaiting`,
      ours: () => onBus(bus),
      rival: () => gathered(db),
      target: { atLeast: 0.7 },
      count: ALL,
      of: "send",
    });
  } finally {
    await bus.close();
    db.close();
    folder.remove();
  }
}

function onBus(bus: AnyBus): Ready<Sent> {
  const go = () => produce(PRODUCERS, SENDS, (message) => bus.sendone("lobby", message));
  return {
    warm: go, // hardly any of its rival's time is JavaScript's
    go,
    async result() {
      const batch = await bus.recent(["lobby"], ALL);
      return batch.map(({ channel, message }) => [channel as string, message]); // only a string was sent on
    },
  };
}

function open(path: string): Database.Database {
  const db = openByHand(path);
  db.exec("create table sent (id integer primary key, channel text not null, json text not null, at integer not null)");
  return db;
}

function gathered(db: Database.Database): Ready<Sent> {
  const { result } = byHand(db);
  const insert = db.prepare("insert into sent (channel, json, at) values (?, ?, ?)");
  const commit = db.transaction((messages: readonly unknown[]) => {
    for (const message of messages) insert.run("lobby", JSON.stringify(message), Date.now());
  });
  return {
    async go() {
      let gathering: unknown[] = [];
      let done = pDefer<void>();
      await produce(PRODUCERS, SENDS, (message) => {
        const { promise } = done;
        if (gathering.push(message) < PRODUCERS) return promise;
        commit(gathering);
        gathering = [];
        done.resolve();
        done = pDefer<void>();
        return promise;
      });
    },
    result,
  };
}

function byHand(db: Database.Database): Ready<Sent> {
  const insert = db.prepare("insert into sent (channel, json, at) values (?, ?, ?)");
  const newest = db.prepare<[number], { channel: string; json: string }>(
    "select channel, json from (select * from sent order by id desc limit ?) order by id",
  );
  return {
    go: () => produce(PRODUCERS, SENDS, async (message) => insert.run("lobby", JSON.stringify(message), Date.now())),
    result: () => newest.all(ALL).map(({ channel, json }) => [channel, JSON.parse(json)] as const),
  };
}
