import type { Instance } from "./instance.ts";
import * as nats from "./nats.ts";
import * as postgres from "./postgres.ts";
import * as redis from "./redis.ts";

/** An engine of which a test can have servers of its own. */
export interface Engine {
  /** A sentence that says what is not installed, if anything is. */
  readonly missing: () => string | undefined;
  readonly create: () => Instance;
}

export type EngineName = "postgres" | "redis" | "nats";

export const ENGINES: Readonly<Record<EngineName, Engine>> = { postgres, redis, nats };
