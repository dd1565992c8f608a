import { Bus, type BusOptions } from "nightbus";
import { postgres } from "nightbus/postgres";
import pg from "pg";
import { afterEach } from "vitest";
import { newSchema } from "../conformance/factories.ts";
import { DATABASE_URL } from "../engines.ts";

/** A schema that goes after the test, with what a test does in it. */
export interface Schema {
  readonly name: string;
  /** A bus on it, which the test's end closes. */
  bus(options?: BusOptions, pool?: pg.Pool): Bus;
  /** A connection of the test's own, which its end closes. */
  client(): Promise<pg.Client>;
  /** A pool whose connections are of this class, which the test's end closes. */
  pool(Client?: typeof pg.Client): pg.Pool;
}

/** Makes schemas, each for one test. */
export function schemas(): () => Schema {
  const ends: (() => Promise<unknown>)[] = [];
  afterEach(async () => {
    for (const end of ends.splice(0).reverse()) await end();
  });
  return () => {
    const { name, remove } = newSchema();
    ends.push(remove);
    return {
      name,
      bus(options = {}, pool = undefined) {
        const bus = new Bus({ ...options, store: postgres(pool ?? DATABASE_URL, { schema: name }) });
        ends.push(() => bus.close());
        return bus;
      },
      async client() {
        const client = new pg.Client(DATABASE_URL);
        await client.connect();
        ends.push(() => client.end());
        return client;
      },
      pool(Client = pg.Client) {
        const pool = new pg.Pool({ connectionString: DATABASE_URL, Client } as pg.PoolConfig);
        pool.on("error", () => {}); // a test may kill its connections
        ends.push(() => pool.end());
        return pool;
      },
    };
  };
}
