/**
 * Keeps notifications in PostgreSQL, which processes on any machines share.
 *
 * @module nightbus/postgres
 */

import { BusError, given } from "../errors.ts";
import type { Store } from "../store.ts";
import { checkNames } from "../util/validate.ts";
import type { PgPool } from "./postgres/driver.ts";
import type { Source } from "./postgres/pool.ts";
import { postgresStore } from "./postgres/store.ts";

export type { PgPool } from "./postgres/driver.ts";

/** The ClientConfig or PoolConfig of `pg`. */
export type PostgresConfig = Readonly<Record<string, unknown>>;

/** Options of `postgres`. */
export interface PostgresOptions {
  /** The schema of nightbus's tables. A missing schema is made. Each schema is one log. Default: `"nightbus"`. */
  readonly schema?: string;
  /**
   * A direct connection string or config for LISTEN. A transaction pooler passes no notifications on: behind one, and without
   * this option, the sends of other processes are seen within five seconds.
   */
  readonly listen?: string | PostgresConfig;
}

/** Names in PostgreSQL have 63 bytes. The name of the notifications holds the schema's. */
const LONGEST_SCHEMA = 50;

/**
 * Keeps a bus's notifications in PostgreSQL. Any number of processes on any machines share them. The connection is a string, or
 * a config of `pg`, or the application's own Pool, which the store does not end. The store makes one connection more, which
 * listens. A store serves one bus. Throws `bad_option`. If the database cannot be reached, the bus rejects with `store`.
 */
export function postgres(connection: string | PostgresConfig | PgPool, options: PostgresOptions = {}): Store {
  checkNames("postgres", options, ["schema", "listen"]);
  const { schema = "nightbus", listen } = options;
  if (typeof schema !== "string" || !isName(schema)) {
    throw new BusError("bad_option", `schema must be a name of 1 to ${LONGEST_SCHEMA} bytes, got ${given(schema)}`);
  }
  return postgresStore({
    source: sourceOf(connection),
    schema,
    listen: listen === undefined ? undefined : configOf("listen", listen),
  });
}

// A quote counts twice, since SQL doubles it.
function isName(schema: string): boolean {
  return /^[^\0\p{Surrogate}]+$/u.test(schema) && Buffer.byteLength(schema.replaceAll('"', '""')) <= LONGEST_SCHEMA;
}

function sourceOf(connection: unknown): Source {
  const { connect, options } = Object(connection) as Partial<PgPool>;
  if (typeof connect !== "function") return { config: configOf("the connection", connection) };
  if (typeof options === "object" && options !== null) return { pool: connection as PgPool };
  throw new BusError("bad_option", "postgres takes a Pool and not a Client, since it sends and reads at the same time");
}

// The errors do not repeat the argument, since it may hold a password.
function configOf(name: string, config: unknown): object {
  if (typeof config === "string" && config !== "") return { connectionString: config };
  if (typeof config === "object" && config !== null) return config;
  throw new BusError("bad_option", `${name} must be a connection string, a config of pg or a Pool of pg`);
}
