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

export type EngineName = keyof typeof ENGINES;

export const ENGINES = { postgres, redis, nats } as const satisfies Readonly<Record<string, Engine>>;

/** The engine behind a store; undefined where there is no server. */
export function engineOf(store: string): Engine | undefined {
  return Object.hasOwn(ENGINES, store) ? ENGINES[store as EngineName] : undefined;
}
