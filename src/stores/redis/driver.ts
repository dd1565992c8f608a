import { BusError } from "../../errors.ts";
import { isMissing } from "../shared/missing.ts";

/** A client of `redis` or `ioredis`, of one server or of a cluster. nightbus only duplicates it. */
export interface RedisClient {
  /** Makes another client with the same configuration, not yet connected. */
  duplicate(...overrides: never[]): unknown;
}

/**
 * Makes a client by a URL, or by a config of `redis`, and does not connect it yet. Rejects with `store` if there is no driver.
 */
export async function clientOf(source: string | object): Promise<RedisClient> {
  try {
    const { createClient } = await import("redis");
    return createClient(typeof source === "string" ? { url: source } : source) as unknown as RedisClient; // nightbus describes it itself
  } catch (error) {
    if (!isMissing(error, "redis")) throw error;
    if (typeof source === "string") return byUrl(source, error);
    throw missing("a config of redis needs redis", error);
  }
}

async function byUrl(url: string, cause: unknown): Promise<RedisClient> {
  try {
    const { Redis } = await import("ioredis");
    return new Redis(url, { lazyConnect: true });
  } catch (error) {
    if (!isMissing(error, "ioredis")) throw error;
    throw missing("nightbus/redis needs redis or ioredis", cause);
  }
}

function missing(sentence: string, cause: unknown): BusError {
  return new BusError("store", `${sentence}: run "npm install redis@6"`, { cause, refused: true });
}
