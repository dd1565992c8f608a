import { jetstream, jetstreamManager } from "@nats-io/jetstream";
import { connect } from "@nats-io/transport-node";
import type Database from "better-sqlite3";
import { Redis } from "ioredis";
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

/** The same log, which also takes sends together. */
export interface GroupsByHand extends LogByHand {
  /** So many transactions of so many sends. Each send has a key of its own, or none has one. */
  grouped(groups: number, size: number, hasKeys: boolean): Ready<number>;
}

const MESSAGE = JSON.stringify({ from: 0, n: 1 });
const HASH = "0123456789abcdef0123456789abcdef0123456789a=";

/** A log by hand in SQLite, as durable as a bus's by default. */
export function sqliteByHand(): GroupsByHand {
  const folder = ownFolder();
  const db: Database.Database = openByHand(folder.file("by-hand.db"));
  db.exec(`
    create table rows (id integer primary key, key text not null, json text not null, at integer not null);
    create table keys (seq integer primary key, name text not null unique, hash text not null, first integer not null, at integer not null);
  `);
  const row = db.prepare("insert into rows (key, json, at) values (?, ?, ?)");
  const find = db.prepare("select hash, first from keys where name = ?");
  const remember = db.prepare("insert into keys (name, hash, first, at) values (?, ?, ?, ?)");
  const put = (name: string | undefined): void => {
    const at = Date.now();
    if (name !== undefined && find.get(name) !== undefined) throw new Error("no key comes twice");
    const { lastInsertRowid } = row.run("lobby", MESSAGE, at);
    if (name !== undefined) remember.run(name, HASH, lastInsertRowid, at);
  };
  const send = db.transaction(put);
  const group = db.transaction((names: readonly (string | undefined)[]) => {
    for (const name of names) put(name);
  });
  let keys = 0;
  const nameOf = (hasKeys: boolean): string | undefined => (hasKeys ? `order-${keys++}` : undefined);
  return {
    sending: (sends, hasKeys) => readyOf(sends, async () => void send(nameOf(hasKeys))),
    grouped: (groups, size, hasKeys) =>
      readyOf(groups, async () => void group(Array.from({ length: size }, () => nameOf(hasKeys)))),
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

/** A log by hand in Redis: an entry of a stream for each send. A script also remembers the key. */
export function redisByHand(): LogByHand {
  const client = new Redis(addressOf("redis"));
  const [log, known] = ["log", "keys"].map((name) => `{${nameOfOwn()}}:${name}`) as [string, string];
  const keyed = `if redis.call('hexists', KEYS[2], ARGV[1]) == 1 then return redis.error_reply('no key comes twice') end
    local id = redis.call('xadd', KEYS[1], '*', 'packed', ARGV[3])
    redis.call('hset', KEYS[2], ARGV[1], ARGV[2] .. ' ' .. id)
    return id`;
  client.defineCommand("addKeyed", { numberOfKeys: 2, lua: keyed });
  const { addKeyed } = client as unknown as { addKeyed(...given: readonly string[]): Promise<unknown> };
  let keys = 0;
  return {
    sending: (sends, hasKeys) =>
      readyOf(sends, async () => {
        if (hasKeys) await addKeyed.call(client, log, known, `order-${keys++}`, HASH, MESSAGE);
        else await client.xadd(log, "*", "packed", MESSAGE);
      }),
    async close() {
      await client.del(log, known);
      client.disconnect();
    },
  };
}

/** A log by hand in JetStream: a message for each send, by whose id the server knows it when it comes twice. */
export async function natsByHand(): Promise<LogByHand> {
  const connection = await connect({ servers: addressOf("nats") });
  const stream = nameOfOwn();
  const manager = await jetstreamManager(connection);
  await manager.streams.add({ name: stream, subjects: [`${stream}.log`] });
  const js = jetstream(connection);
  let keys = 0;
  return {
    sending: (sends, hasKeys) =>
      readyOf(sends, async () => {
        await js.publish(`${stream}.log`, MESSAGE, hasKeys ? { msgID: `order-${keys++}` } : {});
      }),
    async close() {
      await manager.streams.delete(stream);
      await connection.close();
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
