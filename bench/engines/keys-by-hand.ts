import type Database from "better-sqlite3";
import pg from "pg";
import { addressOf } from "../../test/support/engines/addresses.ts";
import type { Ready } from "../harness.ts";
import { openByHand, ownFolder } from "../sqlite-files.ts";
import { nameOfOwn } from "./logs.ts";
import { produce } from "./producers.ts";

/** A log by hand: one table of rows and one of keys, and one transaction for each send. */
export interface LogByHand {
  /** One producer that awaits each of its sends. Each send has a key of its own, or none has one. */
  sending(sends: number, hasKeys: boolean): Ready<number>;
  close(): Promise<void> | void;
}

const MESSAGE = JSON.stringify({ from: 0, n: 1 });
const HASH = "0123456789abcdef0123456789abcdef0123456789a=";

/** A log by hand in SQLite, as durable as a bus's by default. */
export function sqliteByHand(): LogByHand {
  const folder = ownFolder();
  const db: Database.Database = openByHand(folder.file("by-hand.db"));
  db.exec(`
    create table rows (id integer primary key, key text not null, json text not null, at integer not null);
    create table keys (seq integer primary key, name text not null unique, hash text not null, first integer not null, at integer not null);
  `);
  const row = db.prepare("insert into rows (key, json, at) values (?, ?, ?)");
  const find = db.prepare("select hash, first from keys where name = ?");
  const remember = db.prepare("insert into keys (name, hash, first, at) values (?, ?, ?, ?)");
  const send = db.transaction((name: string | undefined) => {
    const at = Date.now();
    if (name !== undefined && find.get(name) !== undefined) throw new Error("no key comes twice");
    const { lastInsertRowid } = row.run("lobby", MESSAGE, at);
    if (name !== undefined) remember.run(name, HASH, lastInsertRowid, at);
  });
  let keys = 0;
  return {
    sending: (sends, hasKeys) => readyOf(sends, async () => void send(hasKeys ? `order-${keys++}` : undefined)),
    close() {
      db.close();
      folder.remove();
    },
  };
}

/** A log by hand in Postgres: one statement for each send, and so one round trip. The unique name alone refuses a key that comes twice. */
export async function postgresByHand(): Promise<LogByHand> {
  const client = new pg.Client(addressOf("postgres"));
  await client.connect();
  const schema = `"${nameOfOwn()}"`;
  await client.query(`
    create schema ${schema};
    create table ${schema}.rows (id bigserial primary key, key text not null, json text not null, at bigint not null);
    create table ${schema}.keys (name text primary key, seq bigserial unique, hash text not null, first bigint not null, at bigint not null);
  `);
  const row = `insert into ${schema}.rows (key, json, at) values ($1, $2, $3) returning id`;
  const keyed = `with row as (${row})
    insert into ${schema}.keys (name, hash, first, at) select $4, $5, id, $3 from row`;
  let keys = 0;
  return {
    sending: (sends, hasKeys) =>
      readyOf(sends, async () => {
        const values = ["lobby", MESSAGE, Date.now()];
        await client.query(hasKeys ? keyed : row, hasKeys ? [...values, `order-${keys++}`, HASH] : values);
      }),
    async close() {
      await client.query(`drop schema ${schema} cascade`);
      await client.end();
    },
  };
}

function readyOf(sends: number, send: () => Promise<void>): Ready<number> {
  let sent = 0;
  const go = (): Promise<void> =>
    produce(1, sends, async () => {
      await send();
      sent += 1;
    });
  return { go, result: () => sent };
}
