import { byIoRedis, type IoRedis } from "./by-ioredis.ts";
import { byNodeRedis, byNodeRedisCluster, type NodeRedis, type NodeRedisCluster } from "./by-redis.ts";
import type { Connect } from "./connection.ts";
import { clientOf, type RedisClient } from "./driver.ts";

/**
 * Makes connections of nightbus's own: like the application's client, or by a URL, or by a config of `redis`. The driver is
 * loaded first, so that loading takes no time from a connection. Rejects with `store` if there is no driver.
 */
export async function connectBy(source: string | object, key: string): Promise<Connect> {
  const base: unknown = isClient(source) ? source : await clientOf(source);
  return (lifetime) => {
    if (isIoRedis(base)) return byIoRedis(base, lifetime);
    if (isCluster(base)) return byNodeRedisCluster(base, key, lifetime);
    return byNodeRedis(base as NodeRedis, lifetime); // as far as can be seen
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
