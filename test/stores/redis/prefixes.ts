import { Redis } from "ioredis";
import { Bus, type BusOptions } from "nightbus";
import { type RedisClient, redis } from "nightbus/redis";
import { createClient, type RedisClientType } from "redis";
import { afterEach } from "vitest";
import { newPrefix } from "../conformance/factories.ts";
import { REDIS_URL } from "../engines.ts";

/** A prefix whose keys go after the test, with what a test does by it. */
export interface Prefix {
  readonly name: string;
  /** The name of one of its keys. */
  key(name: string): string;
  /** A bus on it, which the test's end closes. */
  bus(options?: BusOptions, connection?: string | RedisClient): Bus;
  /** A connection of the test's own, which its end closes. */
  client(): Promise<RedisClientType>;
  /** A client of ioredis, which the test's end closes. */
  ioredis(client?: Redis): Redis;
}

/** Makes prefixes, each for one test; on the server that is shared, unless another is said. */
export function prefixes(url: () => string = () => REDIS_URL): () => Prefix {
  const ends: (() => Promise<unknown> | unknown)[] = [];
  afterEach(async () => {
    for (const end of ends.splice(0).reverse()) await end();
  });
  return () => {
    const { name, remove } = newPrefix();
    if (url() === REDIS_URL) ends.push(remove);
    return {
      name,
      key: (of) => `{${name}}:${of}`,
      bus(options = {}, connection = url()) {
        const bus = new Bus({ ...options, store: redis(connection, { prefix: name }) });
        ends.push(() => bus.close());
        return bus;
      },
      async client() {
        const client = createClient({ url: url() }) as unknown as RedisClientType; // without modules
        client.on("error", () => {}); // a test may kill its connections
        await client.connect();
        ends.push(() => client.destroy());
        return client;
      },
      ioredis(client = new Redis(url())) {
        client.on("error", () => {});
        ends.push(() => client.disconnect());
        return client;
      },
    };
  };
}
