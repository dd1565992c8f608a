import { byIoRedis, type IoRedis } from "./by-ioredis.ts";
import { byNodeRedis, byNodeRedisCluster, type NodeRedis, type NodeRedisCluster } from "./by-redis.ts";
import type { Connect } from "./connection.ts";
import { clientOf, type RedisClient } from "./driver.ts";

/** Connects by connections of nightbus's own, as a client of the application's does, or as a URL or a config of `redis` says. */
export function connectBy(source: string | object, key: string): Connect {
  let ours: RedisClient | undefined;
  return async (life) => {
    if (!isClient(source)) ours ??= await clientOf(source);
    life.signal.throwIfAborted(); // it was waited for too long
    const base: unknown = ours ?? source;
    if (isIoRedis(base)) return byIoRedis(base, life);
    if (isCluster(base)) return byNodeRedisCluster(base, key, life);
    return byNodeRedis(base as NodeRedis, life); // as far as can be seen
  };
}

function isClient(source: unknown): source is RedisClient {
  return typeof (Object(source) as Partial<RedisClient>).duplicate === "function";
}

function isIoRedis(client: unknown): client is IoRedis {
  return typeof (client as Partial<IoRedis>).call === "function";
}

function isCluster(client: unknown): client is NodeRedisCluster {
  return "slots" in (client as object);
}
