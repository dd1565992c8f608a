import { describe, it } from "vitest";
import { testBus } from "../../../src/testing/conformance/bus.ts";
import { natsRuns, postgresRuns, REDIS_URL, redisRuns } from "../engines.ts";
import { ioredis, onNats, onPostgres, onRedis } from "./factories.ts";

testBus("over Postgres", onPostgres, { describe: postgresRuns(describe), it });
testBus("over Redis, by redis", onRedis(REDIS_URL), { describe: redisRuns(describe), it });
testBus("over Redis, by ioredis", onRedis(ioredis), { describe: redisRuns(describe), it });
testBus("over NATS", onNats, { describe: natsRuns(describe), it });
