/**
 * Keeps notifications in a stream of Redis, which processes on any machines share.
 *
 * @module nightbus/redis
 */

import { BusError, given } from "../errors.ts";
import type { Store } from "../store.ts";
import { checkNames } from "../util/validate.ts";
import type { RedisClient } from "./redis/driver.ts";
import { redisStore } from "./redis/store.ts";

export type { RedisClient } from "./redis/driver.ts";

/** The options of createClient of `redis`. */
export type RedisConfig = Readonly<Record<string, unknown>>;

/** Options of `redis`. */
export interface RedisOptions {
  /** The beginning of all keys, in braces: `{nightbus}:log` and its like. Each prefix is one log. Default: `"nightbus"`. */
  readonly prefix?: string;
}

/**
 * Keeps a bus's notifications in a stream of Redis. Any number of processes on any machines share them. The connection is a
 * URL, or a config of `redis`, or the application's own client of `redis` or `ioredis`, also of a cluster. The store duplicates
 * the client and does not end it. The store makes two connections, of which one waits. A store serves one bus. Throws
 * `bad_option`. If the server cannot be reached, the bus rejects with `store`.
 */
export function redis(connection: string | RedisConfig | RedisClient, options: RedisOptions = {}): Store {
  checkNames("redis", options, ["prefix"]);
  const { prefix = "nightbus" } = options;
  if (typeof prefix !== "string" || !/^[^{}\0\p{Surrogate}]+$/u.test(prefix)) {
    throw new BusError("bad_option", `prefix must be a text without braces, and not empty, got ${given(prefix)}`);
  }
  return redisStore({ source: sourceOf(connection), prefix });
}

// The errors do not repeat the argument, since it may hold a password.
function sourceOf(connection: unknown): string | object {
  if (typeof connection === "string" && connection !== "") return connection;
  if (typeof connection === "object" && connection !== null) return connection;
  throw new BusError("bad_option", "the connection must be a URL, a config of redis, or a client of redis or ioredis");
}
