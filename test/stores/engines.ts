import type { describe as Describe } from "vitest";
import { ADDRESSES, addressOf, answers } from "../support/engines/addresses.ts";
import type { EngineName } from "../support/engines/engines.ts";
import { runs } from "../support/engines/runs.ts";

export const DATABASE_URL = addressOf("postgres");
export const REDIS_URL = addressOf("redis");
export const NATS_URL = addressOf("nats");

const REASONS = Object.fromEntries(
  await Promise.all(Object.keys(ADDRESSES).map(async (name) => [name, await why(name as EngineName)] as const)),
);

/** `describe` for tests that need this engine: it skips them with a sentence where none answers, and fails where all must run. */
export function engineRuns(engine: EngineName, describe: typeof Describe): (name: string, body: () => void) => void {
  return runs(describe, REASONS[engine]);
}

/** `engineRuns` of Postgres. */
export function postgresRuns(describe: typeof Describe): (name: string, body: () => void) => void {
  return engineRuns("postgres", describe);
}

/** `engineRuns` of Redis. */
export function redisRuns(describe: typeof Describe): (name: string, body: () => void) => void {
  return engineRuns("redis", describe);
}

/** `engineRuns` of NATS. */
export function natsRuns(describe: typeof Describe): (name: string, body: () => void) => void {
  return engineRuns("nats", describe);
}

async function why(engine: EngineName): Promise<string | undefined> {
  if (await answers(engine)) return undefined;
  return `nothing answers at ${addressOf(engine)}: start it, or say where it is with ${ADDRESSES[engine][0]}`;
}
