import { describe } from "vitest";
import { onNats, onPostgres, onRedis } from "../stores/conformance/factories.ts";
import { natsRuns, postgresRuns, REDIS_URL, redisRuns } from "../stores/engines.ts";
import { testLaws } from "../support/laws.ts";

testLaws("over Postgres", onPostgres, 15, postgresRuns(describe));
testLaws("over Redis", onRedis(REDIS_URL), 30, redisRuns(describe));
testLaws("over NATS", onNats, 20, natsRuns(describe));
