import { BusError, given } from "../errors.ts";
import type { Store } from "../store.ts";
import { checkNames } from "../util/validate.ts";
import type { Source } from "./postgres/connections.ts";
import type { PgPool } from "./postgres/driver.ts";
import { postgresStore } from "./postgres/store.ts";

export type { PgPool } from "./postgres/driver.ts";

/** How `pg` connects: its ClientConfig or PoolConfig. */
export type PostgresConfig = Readonly<Record<string, unknown>>;

export interface PostgresOptions {
  /** The schema for nightbus's tables, which is made if it is missing. A log is one schema. Default: `"nightbus"`. */
  readonly schema?: string;
  /**
   * Where to LISTEN, if `connection` goes through a transaction pooler, by which notifications do not come: a direct connection
   * string or config. Without it, what other processes send is then seen within five seconds.
   */
  readonly listen?: string | PostgresConfig;
}

/** PostgreSQL's names have 63 bytes, also those of notifications, which name the schema. */
const LONGEST_SCHEMA = 50;

/**
 * Keeps a bus's notifications in PostgreSQL, where any number of processes on any machines share them: a connection string, a
 * config of `pg`, or the application's own Pool, which is not ended. One connection more is made, which listens. A store serves
 * one bus. Throws `bad_option`; a database that cannot be reached makes the bus reject with `store`.
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

// A quote counts twice, as it is written.
function isName(schema: string): boolean {
  return /^[^\0\p{Surrogate}]+$/u.test(schema) && Buffer.byteLength(schema.replaceAll('"', '""')) <= LONGEST_SCHEMA;
}

function sourceOf(connection: unknown): Source {
  const { connect, options } = Object(connection) as Partial<PgPool>;
  if (typeof connect !== "function") return { config: configOf("the connection", connection) };
  if (typeof options === "object" && options !== null) return { pool: connection as PgPool };
  throw new BusError("bad_option", "postgres takes a Pool and not a Client, since it sends and reads at the same time");
}

// What was given may hold a password, so it is not said.
function configOf(name: string, config: unknown): object {
  if (typeof config === "string" && config !== "") return { connectionString: config };
  if (typeof config === "object" && config !== null) return config;
  throw new BusError("bad_option", `${name} must be a connection string, a config of pg or a Pool of pg`);
}
