import type { describe as Describe } from "vitest";
import { ADDRESSES, addressOf, answers } from "../support/engines/addresses.ts";
import type { EngineName } from "../support/engines/engines.ts";
import { runs } from "../support/engines/runs.ts";

export const DATABASE_URL = addressOf("postgres");
export const REDIS_URL = addressOf("redis");
export const NATS_URL = addressOf("nats");

const [postgres, redis, nats] = await Promise.all([why("postgres"), why("redis"), why("nats")]);

/** `describe` for what needs Postgres: it is skipped with a sentence where none answers, and fails where all must run. */
export function postgresRuns(describe: typeof Describe): (name: string, body: () => void) => void {
  return runs(describe, postgres);
}

/** `describe` for what needs Redis, likewise. */
export function redisRuns(describe: typeof Describe): (name: string, body: () => void) => void {
  return runs(describe, redis);
}

/** `describe` for what needs NATS, likewise. */
export function natsRuns(describe: typeof Describe): (name: string, body: () => void) => void {
  return runs(describe, nats);
}

async function why(engine: EngineName): Promise<string | undefined> {
  if (await answers(engine)) return undefined;
  return `nothing answers at ${addressOf(engine)}: start it, or say where it is with ${ADDRESSES[engine][0]}`;
}
