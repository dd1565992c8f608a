import { BusError } from "../../errors.ts";
import type { PendingRow, Store, StoreSink, Trimmed } from "../../store.ts";
import { awake } from "../shared/retry.ts";
import { ask } from "./ask.ts";
import type { PgClient } from "./driver.ts";
import { failure, isOutside } from "./failures.ts";
import { type Opened, openPostgres, type PostgresSettings } from "./open.ts";

/** The store on Postgres. A counter that is locked until the commit makes the order of ids the order of commits. */
export class PostgresStore implements Store {
  readonly maxRows = 1_000;
  /** A statement of Postgres takes at most 1 GB, and what is written counts twice on its way. */
  readonly maxBytes = 2 ** 28;
  readonly #settings: PostgresSettings;
  #opening: Promise<Opened> | undefined;
  #opened: Opened | undefined;

  constructor(settings: PostgresSettings) {
    this.#settings = settings;
  }

  async open(sink: StoreSink): Promise<void> {
    if (this.#opening !== undefined)
      throw new BusError("store", "this store serves another bus: share that bus, or make another store");
    this.#opening = awake(sink.clock, () => openPostgres(this.#settings, sink));
    this.#opened = await this.#opening;
  }

  now(): number {
    return this.#there().time.now();
  }

  async append(sends: readonly (readonly PendingRow[])[]): Promise<readonly (readonly number[])[]> {
    const { clock, commits } = this.#there();
    try {
      return await awake(clock, () => commits.append(sends));
    } catch (error) {
      throw failure("Postgres could not commit", error);
    }
  }

  async sync(): Promise<void> {
    const { clock, catchUp } = this.#there();
    try {
      await awake(clock, catchUp);
    } catch (error) {
      throw failure("Postgres could not read what was committed", error);
    }
  }

  trim(trimmed: Trimmed): void {
    this.#there().trimmer.add(trimmed);
  }

  async within(transaction: unknown, send: readonly PendingRow[]): Promise<void> {
    if (typeof (Object(transaction) as Partial<PgClient>).query !== "function") throw noTransaction();
    const client = transaction as PgClient; // as far as can be seen
    if (this.#opening === undefined) throw new Error("a store is used only after it was told to open");
    const { put } = await this.#opening;
    try {
      if (await put((text, values) => ask(client, text, values), send)) return;
    } catch (error) {
      if (isOutside(error)) throw noTransaction();
      throw failure("Postgres could not write into your transaction, which is to be rolled back", error);
    }
    throw new BusError(
      "bad_transaction",
      "sendwithin takes a transaction of the bus's own database, and this one is of another database or server",
    );
  }

  async close(): Promise<void> {
    const { clock, close } = this.#there();
    try {
      await awake(clock, close);
    } catch (error) {
      throw failure("Postgres could not tidy up while closing, and will at the next opening", error);
    }
  }

  #there(): Opened {
    if (this.#opened === undefined) throw new Error("a store is used only after it has opened");
    return this.#opened;
  }
}

function noTransaction(): BusError {
  return new BusError(
    "bad_transaction",
    'sendwithin takes a pg client inside a transaction: client.query("begin"), then await bus.sendwithin(client, entries)',
  );
}
