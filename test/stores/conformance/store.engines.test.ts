import { describe, it } from "vitest";
import { testStore } from "../../../src/testing/conformance/store.ts";
import { natsRuns, postgresRuns, REDIS_URL, redisRuns } from "../engines.ts";
import { ioredis, newPrefix, newSchema, newStream } from "./factories.ts";

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

testStore(
  "NATS",
  { durable: true, shared: true, ownTime: true, place: newStream },
  { describe: natsRuns(describe), it },
);
