import { BusError } from "../../errors.ts";
import type { PendingRow, Store } from "../../store.ts";
import { RemoteStore } from "../shared/remote-store.ts";
import { ask } from "./ask.ts";
import type { PgClient } from "./driver.ts";
import { failure, isOutside } from "./failures.ts";
import { openPostgres, type PostgresLog, type PostgresSettings } from "./open.ts";

/** A statement of Postgres takes at most 1 GB, and each text counts twice on its way there. */
const MOST_BYTES = 2 ** 28;

/** Makes the store on Postgres. A counter that is locked until the commit makes the order of ids the order of commits. */
export function postgresStore(settings: PostgresSettings): Store {
  return new RemoteStore({
    name: "Postgres",
    maxRows: 1_000,
    maxBytes: () => MOST_BYTES,
    open: (sink) => openPostgres(settings, sink),
    failure,
    within,
    remembersKeys: true,
    positions: "within",
  });
}

async function within(
  log: () => Promise<PostgresLog>,
  transaction: unknown,
  send: readonly PendingRow[],
): Promise<void> {
  if (typeof (Object(transaction) as Partial<PgClient>).query !== "function") throw noTransaction();
  const client = transaction as PgClient; // as far as can be seen
  const { put } = await log();
  try {
    if (await put((text, values) => ask(client, text, values), send)) return;
  } catch (error) {
    if (isOutside(error)) throw noTransaction();
    throw failure("Postgres could not write into your transaction, so roll it back", error);
  }
  throw new BusError(
    "bad_transaction",
    "sendwithin takes a transaction of the bus's own database, and this one is of another database or server",
  );
}

function noTransaction(): BusError {
  return new BusError(
    "bad_transaction",
    'sendwithin takes a pg client inside a transaction: client.query("begin"), then await bus.sendwithin(client, entries)',
  );
}
