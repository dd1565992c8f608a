import { sqlite } from "nightbus/sqlite";
import { describe, it } from "vitest";
import { memory } from "../../src/memory.ts";
import { testStore } from "../../src/testing/conformance/store.ts";
import { natsRuns, postgresRuns, REDIS_URL, redisRuns } from "../stores/engines.ts";
import { ioredis, newPrefix, newSchema, newStream, temporary } from "./factories.ts";

testStore("memory", { durable: false, shared: false, place: () => ({ store: memory }) }, { describe, it });

testStore(
  "SQLite, in a file",
  {
    durable: true,
    shared: true,
    place() {
      const { path, remove } = temporary();
      return { store: () => sqlite(path, { durability: "normal" }), remove };
    },
  },
  { describe, it },
);

testStore(
  "SQLite, in memory",
  { durable: false, shared: false, place: () => ({ store: () => sqlite(":memory:") }) },
  { describe, it },
);

testStore(
  "Postgres",
  { durable: true, shared: true, ownTime: true, place: newSchema },
  { describe: postgresRuns(describe), it },
);

for (const [client, connection] of [
  ["redis", REDIS_URL],
  ["ioredis", ioredis],
] as const) {
  testStore(
    `Redis, by ${client}`,
    { durable: true, shared: true, ownTime: true, place: () => newPrefix(connection) },
    { describe: redisRuns(describe), it },
  );
}

testStore("NATS", { durable: true, shared: true, place: newStream }, { describe: natsRuns(describe), it });
