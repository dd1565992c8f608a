import { BusError, given } from "../../errors.ts";
import { ask } from "./ask.ts";
import type { PgClient } from "./driver.ts";
import { condemns, isForbidden, isReadOnly } from "./failures.ts";
import { functions, NEWEST_FUNCTION } from "./functions.ts";

const VERSION = 1;

/** The name of a schema, quoted, as an expression of SQL. */
export const NAMED = `'"' || replace(n.nspname, '"', '""') || '"'`;

/** The state of the schema's tables and functions. */
interface Found {
  readonly version: number;
  readonly isNewest: boolean;
}

/** Makes missing tables and functions. Refuses tables of a newer nightbus. `named` is the schema, quoted. */
export async function prepareSchema(client: PgClient, named: string, base: number): Promise<void> {
  const found = await versionOf(client, named);
  const version = found?.version;
  if (version === VERSION && found?.isNewest) return;
  if (version !== undefined && version !== VERSION) {
    throw new BusError(
      "store",
      `${given(named)} was written by a newer nightbus (version ${version}): update nightbus`,
    );
  }
  await checkEncoding(client);
  await ask(client, "begin isolation level read committed");
  try {
    await ask(client, "set local lock_timeout = '4s'"); // a statement would go on waiting without its client

    // Many processes may start at once: the first makes the tables, and the others find them.
    await ask(client, "select pg_advisory_xact_lock(hashtextextended($1, 0))", [`nightbus schema ${named}`]);
    const now = await versionOf(client, named);
    if (now === undefined) await create(client, named, base);
    else if (!now.isNewest) await renew(client, named);
    await ask(client, "commit");
  } catch (error) {
    const isKept = version !== undefined && (isForbidden(error) || isReadOnly(error));
    if (isKept || !condemns(error)) await ask(client, "rollback"); // otherwise the transaction ends with its connection
    if (!isKept) throw error;
  }
}

// Processes of an older version use the new functions from then on. Functions of another role, or on a read-only server, stay
// as they are. No process then notices rows that another program removed.
async function renew(client: PgClient, named: string): Promise<void> {
  for (const statement of functions(named)) await ask(client, statement);
  await ask(client, `select ${named}.${NEWEST_FUNCTION}(false)`);
}

async function versionOf(client: PgClient, named: string): Promise<Found | undefined> {
  // The catalog is read, since to_regclass() may answer from before the wait for the lock.
  const [table] = await ask(
    client,
    `select 1 from pg_catalog.pg_class c join pg_catalog.pg_namespace n on n.oid = c.relnamespace
     where ${NAMED} = $1 and c.relname = 'nightbus_meta'`,
    [named],
  );
  if (table === undefined) return undefined;
  const [meta] = await ask(
    client,
    `select version, exists (
       select from pg_catalog.pg_proc p join pg_catalog.pg_namespace n on n.oid = p.pronamespace
       where ${NAMED} = $1 and p.proname = '${NEWEST_FUNCTION}'
     ) from ${named}.nightbus_meta`,
    [named],
  );
  return meta === undefined ? undefined : { version: Number(meta[0]), isNewest: meta[1] === "t" };
}

async function checkEncoding(client: PgClient): Promise<void> {
  const [[encoding]] = (await ask(client, "show server_encoding")) as [[string]];
  if (encoding === "UTF8") return;
  throw new BusError("store", `the database must have the encoding UTF8 to hold any message, this one has ${encoding}`);
}

// A locked row counts the ids: it stays locked until the commit, so that the order of ids is the order of commits. A sequence
// counts the outbox alone, since transactions that overlap have no order.
async function create(client: PgClient, named: string, base: number): Promise<void> {
  // The schema is looked up first: a role that may not make schemas may not say "if not exists" either.
  const [schema] = await ask(client, `select 1 from pg_catalog.pg_namespace n where ${NAMED} = $1`, [named]);
  if (schema === undefined) await ask(client, `create schema if not exists ${named}`);
  const statements = [
    `create table if not exists ${named}.nightbus_meta (
      version integer not null, begin bigint not null, last bigint not null, at bigint not null,
      server text not null, writer bigint not null, only_one boolean primary key default true check (only_one)
    ) with (fillfactor = 10)`,
    `create table if not exists ${named}.nightbus_rows (
      id bigint primary key, key text not null, json text not null, at bigint not null, send bigint not null
    )`,
    `create table if not exists ${named}.nightbus_holes (before bigint primary key, after bigint not null)`,
    `create table if not exists ${named}.nightbus_watermarks (key text primary key, id bigint not null)`,
    `create table if not exists ${named}.nightbus_floor (id bigint not null)`,
    `create table if not exists ${named}.nightbus_outbox (id bigserial primary key, keys text not null, jsons text not null)`,
    ...functions(named),
    `drop table if exists ${named}.nightbus_keys`, // of another log
    `truncate ${named}.nightbus_rows, ${named}.nightbus_holes, ${named}.nightbus_watermarks, ${named}.nightbus_floor`,
    `insert into ${named}.nightbus_floor values (0)`,
  ];
  for (const statement of statements) await ask(client, statement);
  await ask(
    client,
    `insert into ${named}.nightbus_meta (version, begin, last, at, server, writer)
     values ($1, $2, $2, 0, '', 0)`,
    [VERSION, base],
  );
}
