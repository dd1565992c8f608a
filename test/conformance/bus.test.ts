import { describe, it } from "vitest";
import { testBus } from "../../src/testing/conformance/bus.ts";
import { natsRuns, postgresRuns, REDIS_URL, redisRuns } from "../stores/engines.ts";
import { fake, file, handle, inMemory, ioredis, memory, onNats, onPostgres, onRedis } from "./factories.ts";

testBus("without a store", memory, { describe, it });
testBus("that is fake", fake, { describe, it });
testBus("over SQLite, in a file", file, { describe, it });
testBus("over SQLite, in memory", inMemory, { describe, it });
testBus("over SQLite, on the application's handle", handle, { describe, it });
testBus("over Postgres", onPostgres, { describe: postgresRuns(describe), it });
testBus("over Redis, by redis", onRedis(REDIS_URL), { describe: redisRuns(describe), it });
testBus("over Redis, by ioredis", onRedis(ioredis), { describe: redisRuns(describe), it });
testBus("over NATS", onNats, { describe: natsRuns(describe), it });
