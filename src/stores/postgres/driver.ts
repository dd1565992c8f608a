import { asError, BusError } from "../../errors.ts";
import { isMissing } from "../shared/missing.ts";
import { RETRY_FOR } from "../shared/retry.ts";

/** A statement of nightbus for `pg`. Values are text or numbers, and answers are raw text. */
export interface PgQuery {
  readonly text: string;
  readonly values: readonly unknown[];
  readonly rowMode: "array";
  readonly types: { getTypeParser(): (text: string) => string };
  readonly query_timeout?: number;
}

/** The part of a `pg` client that nightbus uses, the application's or its own. */
export interface PgClient {
  /** The connection of pg itself, with its socket. Absent on pg-native. */
  readonly connection?: { readonly stream?: { destroy?(): unknown } };
  query(query: PgQuery): Promise<{ readonly rows: readonly unknown[]; readonly rowCount: number | null }>;
}

/** A client that a pool has lent. */
export interface PgPoolClient extends PgClient {
  on(event: "error", listener: () => void): unknown;
  off(event: "error", listener: () => void): unknown;
  release(destroy?: boolean): void;
}

/** A client of nightbus's own. */
export interface PgOwnClient extends PgClient {
  connect(): Promise<unknown>;
  end(): Promise<void>;
  unref(): void;
  on(event: "error" | "end", listener: (error: Error) => void): unknown;
  on(event: "notification", listener: (message: { readonly payload?: string | undefined }) => void): unknown;
}

/** The part of a `pg` Pool that nightbus uses. */
export interface PgPool {
  /** The config of its connections. */
  readonly options: object;
  /** The number of its connections. */
  readonly totalCount?: number;
  /** The number of connections that are lent to nobody. */
  readonly idleCount?: number;
  /** Lends a client to the callback, which releases it. */
  connect(lent: (error: Error | undefined, client: PgPoolClient | undefined) => void): void;
  /** Closes all connections. */
  end(): Promise<void>;
}

interface Pg {
  readonly Pool: new (config: object) => PgPool & { on(event: "error", listener: () => void): unknown };
  readonly Client: new (config: object) => PgOwnClient;
}

/**
 * The most connections of a pool of nightbus's own. One sends, one trims, one reads while no connection listens, and one moves
 * positions. Transactions of consumers hold the others. A connection that nobody needs is closed.
 */
const CONNECTIONS = 10;

/** Makes a pool of nightbus's own. Rejects with `store`. */
export async function makePool(config: object): Promise<PgPool> {
  const { Pool } = await load();
  const pool = new Pool({
    max: CONNECTIONS,
    keepAlive: true,
    connectionTimeoutMillis: RETRY_FOR,
    allowExitOnIdle: true,
    ...config,
  });
  pool.on("error", () => {}); // an idle connection broke; the pool makes another
  return pool;
}

/** Makes a client with the config of a pool, or with another one. A connection attempt of the client ends after its timeout, five seconds by default. Rejects with `store`. */
export async function makeClient(pool: PgPool, config: object | undefined): Promise<PgOwnClient> {
  const ownClass = (pool as { Client?: Pg["Client"] }).Client; // the same copy of pg, and perhaps a class of its own
  const Client = ownClass ?? (await load()).Client;
  return new Client(withTimeouts(config ?? pool.options));
}

// All own properties are copied, hidden ones too, since pg hides the password. With a connection string, pg reads no inherited
// property.
function withTimeouts(config: object): object {
  const { connectionTimeoutMillis } = config as { connectionTimeoutMillis?: number };
  return Object.defineProperties(
    { keepAlive: true },
    {
      ...Object.getOwnPropertyDescriptors(config),
      connectionTimeoutMillis: { value: connectionTimeoutMillis || RETRY_FOR, enumerable: true },
    },
  );
}

async function load(): Promise<Pg> {
  try {
    const { default: pg } = await import("pg");
    return pg as unknown as Pg; // nightbus describes pg itself, and needs no types of pg
  } catch (cause) {
    const sentence = isMissing(cause, "pg")
      ? 'nightbus/postgres needs pg: run "npm install pg@8"'
      : `pg could not be loaded: ${asError(cause).message}`;
    throw new BusError("store", sentence, { cause, refused: true });
  }
}
