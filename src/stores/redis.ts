import { BusError, given } from "../errors.ts";
import type { Store } from "../store.ts";
import { checkNames } from "../util/validate.ts";
import type { RedisClient } from "./redis/driver.ts";
import { redisStore } from "./redis/store.ts";

export type { RedisClient } from "./redis/driver.ts";

/** How `redis` connects: the options of its createClient. */
export type RedisConfig = Readonly<Record<string, unknown>>;

export interface RedisOptions {
  /** What the keys of the log begin with, in braces: `{nightbus}:log` and its like. A log is one prefix. Default: `"nightbus"`. */
  readonly prefix?: string;
}

/**
 * Keeps a bus's notifications in a stream of Redis, where any number of processes on any machines share them: a URL, a config of
 * `redis`, or the application's own client of `redis` or `ioredis`, of one server or a cluster, which is duplicated and not
 * ended. Two connections are made, of which one waits. A store serves one bus. Throws `bad_option`; a server that cannot be reached
 * makes the bus reject with `store`.
 */
export function redis(connection: string | RedisConfig | RedisClient, options: RedisOptions = {}): Store {
  checkNames("redis", options, ["prefix"]);
  const { prefix = "nightbus" } = options;
  if (typeof prefix !== "string" || !/^[^{}\0\p{Surrogate}]+$/u.test(prefix)) {
    throw new BusError("bad_option", `prefix must be a text without braces, and not empty, got ${given(prefix)}`);
  }
  return redisStore({ source: sourceOf(connection), prefix });
}

// What was given may hold a password, so it is not said.
function sourceOf(connection: unknown): string | object {
  if (typeof connection === "string" && connection !== "") return connection;
  if (typeof connection === "object" && connection !== null) return connection;
  throw new BusError("bad_option", "the connection must be a URL, a config of redis, or a client of redis or ioredis");
}
