import { randomBytes } from "node:crypto";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { jetstreamManager } from "@nats-io/jetstream";
import { connect } from "@nats-io/transport-node";
import { Redis } from "ioredis";
import { Bus } from "nightbus";
import { nats } from "nightbus/nats";
import { postgres } from "nightbus/postgres";
import { type RedisClient, redis } from "nightbus/redis";
import { sqlite } from "nightbus/sqlite";
import { fakeBus } from "nightbus/testing";
import pg from "pg";
import { createClient } from "redis";
import type { Store } from "../../../src/store.ts";
import { memory as memoryStore } from "../../../src/stores/memory.ts";
import { isPending } from "../../../src/testing/conformance/bus/topic.ts";
import type { BusFactory, Transaction } from "../../../src/testing/conformance/bus.ts";
import { Recorder } from "../../../src/testing/conformance/recorder.ts";
import type { StoreFactory } from "../../../src/testing/conformance/store/topic.ts";
import { ManualClock } from "../../../src/testing/fake/manual-clock.ts";
import { systemClock } from "../../../src/util/clock.ts";
import { DATABASE_URL, NATS_URL, REDIS_URL } from "../engines.ts";
import { type Database, openDatabase } from "../sqlite/database.ts";

/** Buses that were given no store. */
export const memory: BusFactory = {
  durable: false,
  shared: false,
  place: () => ({ open: (options) => new Bus(options) }),
};

/** Stores in memory. */
export const memoryStores: StoreFactory = {
  durable: false,
  shared: false,
  positions: "alone",
  place: () => ({ store: memoryStore }),
};

/** Fake buses, by the machine's clock where a test gives none. */
export const fake: BusFactory = {
  durable: false,
  shared: false,
  place: () => ({ open: (options) => fakeBus({ clock: systemClock, ...options }) }),
};

/** Buses over SQLite, in a file of a temporary folder. */
export const file: BusFactory = {
  durable: true,
  shared: true,
  transactional: true,
  place() {
    const { path, remove } = temporary();
    let db: Database | undefined;
    return {
      open: (options) => new Bus({ ...options, store: sqlite(path, { durability: "normal" }) }),
      begin() {
        db ??= openDatabase(path);
        return beginOn(db);
      },
      remove() {
        db?.close();
        remove();
      },
    };
  },
};

/** Stores in a file of SQLite. */
export const fileStores: StoreFactory = {
  durable: true,
  shared: true,
  positions: "within",
  place() {
    const { path, remove } = temporary();
    return { store: () => sqlite(path, { durability: "normal" }), remove };
  },
};

/** Buses on a handle of the application's, which also uses it itself. */
export const handle: BusFactory = {
  durable: false,
  shared: false,
  transactional: true,
  place() {
    const db = openDatabase(":memory:");
    return {
      open: (options) => new Bus({ ...options, store: sqlite(db) }),
      begin: () => beginOn(db),
      remove: () => void db.close(),
    };
  },
};

/** Buses over SQLite, without a file. */
export const inMemory: BusFactory = {
  durable: false,
  shared: false,
  place: () => ({ open: (options) => new Bus({ ...options, store: sqlite(":memory:") }) }),
};

/** Stores of SQLite without a file. */
export const inMemoryStores: StoreFactory = {
  durable: false,
  shared: false,
  positions: "within",
  place: () => ({ store: () => sqlite(":memory:") }),
};

/** Buses over Postgres, in a schema of their own. */
export const onPostgres: BusFactory = {
  durable: true,
  shared: true,
  ownTime: true,
  transactional: true,
  place() {
    const { store, remove } = newSchema();
    const client = new pg.Client(DATABASE_URL);
    let connecting: Promise<unknown> | undefined;
    return {
      open: (options) => new Bus({ ...options, store: store() }),
      async begin() {
        connecting ??= client.connect();
        await connecting;
        await client.query("begin");
        return {
          handle: client,
          commit: async () => void (await client.query("commit")),
          rollback: async () => void (await client.query("rollback")),
        };
      },
      async remove() {
        await client.end();
        await remove();
      },
    };
  },
};

/** Stores in Postgres. */
export const postgresStores: StoreFactory = {
  durable: true,
  shared: true,
  ownTime: true,
  positions: "within",
  place: newSchema,
};

/** Names a schema that does not exist yet: stores on it, and a function that removes it. */
export function newSchema(): {
  readonly name: string;
  readonly store: () => Store;
  readonly remove: () => Promise<void>;
} {
  const name = `nightbus test ${randomBytes(6).toString("hex")}`;
  return {
    name,
    store: () => postgres(DATABASE_URL, { schema: name }),
    async remove() {
      const client = new pg.Client(DATABASE_URL);
      await client.connect();
      await client.query(`drop schema if exists "${name}" cascade`);
      await client.end();
    },
  };
}

/** Buses over Redis, with a prefix of their own, by a URL or a client. */
export function onRedis(connection: string | (() => RedisClient)): BusFactory {
  return {
    durable: true,
    shared: true,
    ownTime: true,
    place() {
      const { store, remove } = newPrefix(connection);
      return { open: (options) => new Bus({ ...options, store: store() }), remove };
    },
  };
}

/** Stores in Redis, by a URL or a client. */
export function redisStores(connection: string | (() => RedisClient)): StoreFactory {
  return { durable: true, shared: true, ownTime: true, positions: "alone", place: () => newPrefix(connection) };
}

/** A client of ioredis, as an application would have it. */
export function ioredis(): RedisClient {
  return new Redis(REDIS_URL, { lazyConnect: true });
}

/** Names a prefix without keys: stores on it, and a function that removes the keys. */
export function newPrefix(connection: string | (() => RedisClient) = REDIS_URL): {
  readonly name: string;
  readonly store: () => Store;
  readonly remove: () => Promise<void>;
} {
  const name = `nightbus test ${randomBytes(6).toString("hex")}`;
  return {
    name,
    store: () => redis(typeof connection === "string" ? connection : connection(), { prefix: name }),
    async remove() {
      const client = await createClient({ url: REDIS_URL }).connect();
      const keys = await client.keys(`{${name}}:*`);
      if (keys.length > 0) await client.del(keys);
      await client.close();
    },
  };
}

/** Buses over NATS, in a stream of their own. */
export const onNats: BusFactory = {
  durable: true,
  shared: true,
  ownTime: true,
  largest: 900 * 2 ** 10, // a server takes 1 MiB with all that belongs to a message
  async place() {
    const { store, remove } = await newStream();
    return { open: (options) => new Bus({ ...options, store: store() }), remove };
  },
};

/** Stores in NATS. */
export const natsStores: StoreFactory = {
  durable: true,
  shared: true,
  ownTime: true,
  positions: "alone",
  place: newStream,
};

/** The turns in which a server makes a stream at the first try. */
const QUICK_TURNS = 100;

/** Makes an empty stream, and that of its positions: stores on it, and a function that removes it. Making it takes time by a clock that goes. */
export async function newStream(): Promise<{
  readonly name: string;
  readonly store: () => Store;
  readonly remove: () => Promise<void>;
}> {
  const name = `nightbus-test-${randomBytes(6).toString("hex")}`;
  const clock = new ManualClock();
  await using bus = new Bus({ store: nats(NATS_URL, { stream: name }), clock });
  const now = clock.now();
  for (let turn = 0; await isPending(bus.ready()); turn += 1) {
    clock.advance(10);
    clock.set(now); // the log begins at the time at which the tests' clocks begin.
    // A server of 2.9 removes the folder of its streams with the last one, and may then fail to make the next. The store tries
    // again for five seconds, which have to be real ones then.
    if (turn > QUICK_TURNS) await new Promise((resolve) => setTimeout(resolve, 10));
  }
  await bus.ready();
  const store = nats(NATS_URL, { stream: name });
  await store.open(new Recorder(clock));
  const listed = store.positions!.list(); // which makes their stream
  while (await isPending(listed)) clock.advance(10);
  await Promise.all([listed, store.close()]);
  return {
    name,
    store: () => nats(NATS_URL, { stream: name }),
    async remove() {
      const connection = await connect({ servers: NATS_URL });
      const { streams } = await jetstreamManager(connection);
      for (const each of [name, `${name}+positions`]) await streams.delete(each).catch(() => {}); // some tests make none
      await connection.close();
    },
  };
}

function beginOn(db: Database): Transaction {
  db.exec("begin immediate");
  return { handle: db, commit: () => void db.exec("commit"), rollback: () => void db.exec("rollback") };
}

/** Names a database that does not exist yet. `remove` removes its folder. */
export function temporary(): { readonly path: string; readonly remove: () => void } {
  const folder = mkdtempSync(join(tmpdir(), "nightbus-"));
  return { path: join(folder, "bus.db"), remove: () => rmSync(folder, { recursive: true, force: true }) };
}
