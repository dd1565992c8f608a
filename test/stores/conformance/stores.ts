import type { BusFactory } from "../../../src/testing/conformance/bus.ts";
import type { StoreFactory } from "../../../src/testing/conformance/store/topic.ts";
import type { EngineName } from "../../support/engines/engines.ts";
import { REDIS_URL } from "../engines.ts";
import { DRIVER } from "../sqlite/database.ts";
import * as of from "./factories.ts";

/** A store that the suites test, or a bus without one. */
export interface StoreUnderTest {
  /** The end of the name of its tests: "a bus over SQLite, in a file". */
  readonly name: string;
  /** The server that it needs. */
  readonly engine?: EngineName;
  readonly bus: BusFactory;
  /** Absent where the bus makes its store itself. */
  readonly store?: StoreFactory;
  /** The number of plays of each law. Absent where another line plays them. */
  readonly laws?: number;
}

/** Every store that `testStore`, `testBus` and the laws test. A new store is one line. */
const ALL: readonly StoreUnderTest[] = [
  { name: "without a store", bus: of.memory, store: of.memoryStores, laws: 400 },
  { name: "that is fake", bus: of.fake },
  { name: "over SQLite, in a file", bus: of.file, store: of.fileStores, laws: 40 },
  { name: "over SQLite, in memory", bus: of.inMemory, store: of.inMemoryStores },
  { name: "over SQLite, on the application's handle", bus: of.handle },
  { name: "over Postgres", engine: "postgres", bus: of.onPostgres, store: of.postgresStores, laws: 15 },
  {
    name: "over Redis, by redis",
    engine: "redis",
    bus: of.onRedis(REDIS_URL),
    store: of.redisStores(REDIS_URL),
    laws: 30,
  },
  { name: "over Redis, by ioredis", engine: "redis", bus: of.onRedis(of.ioredis), store: of.redisStores(of.ioredis) },
  { name: "over NATS", engine: "nats", bus: of.onNats, store: of.natsStores, laws: 20 },
];

/** The stores to test: all, or those on SQLite if another of its drivers is tested. */
export const STORES = ALL.filter(({ name }) => DRIVER === "better-sqlite3" || name.includes("SQLite"));
