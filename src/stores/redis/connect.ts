import { byIoRedis, type IoRedis } from "./by-ioredis.ts";
import { byNodeRedis, byNodeRedisCluster, type NodeRedis, type NodeRedisCluster } from "./by-redis.ts";
import type { Connect } from "./connection.ts";
import { clientOf, type RedisClient } from "./driver.ts";

/**
 * Connects by connections of nightbus's own, as a client of the application's does, or as a URL or a config of `redis` says. The
 * driver is loaded before, since that may take a while and is no waiting for a server. Rejects with `store` where there is none.
 */
export async function connectBy(source: string | object, key: string): Promise<Connect> {
  const base: unknown = isClient(source) ? source : await clientOf(source);
  return (life) => {
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
