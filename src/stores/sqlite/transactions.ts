import type { Clock } from "../../util/clock.ts";
import { retry } from "../shared/retry.ts";
import type { Connection, Statement } from "./drivers/driver.ts";
import { isLocked, Occupied } from "./failures.ts";

/** The pauses of a retry, in ms. Locks of SQLite are short. */
const PAUSES = { first: 1, longest: 20 };

/** The connection that transactions run on. */
export interface TransactionsOptions {
  readonly db: Connection;
  readonly clock: Clock;
  /**
   * True if the store opened the connection, which then never waits inside SQLite. The application's own may be set to wait.
   */
  readonly isOurs: boolean;
}

/**
 * Runs work on a connection, and never blocks the event loop: it waits for no lock inside SQLite, but retries later. While the
 * application has a transaction open on the same connection, the store's own wait for its end.
 */
export class Transactions {
  readonly #db: Connection;
  readonly #clock: Clock;
  readonly #isOurs: boolean;
  readonly #statements = new Map<string, Statement>();

  constructor({ db, clock, isOurs }: TransactionsOptions) {
    this.#db = db;
    this.#clock = clock;
    this.#isOurs = isOurs;
  }

  /** True while the application has a transaction open. */
  get occupied(): boolean {
    return this.#db.inTransaction;
  }

  /** Runs synchronous work in a transaction that writes. Throws a busy error. */
  write<T>(work: () => T): T {
    return this.now(() => this.#inside("begin immediate", work));
  }

  /** Runs synchronous work in one snapshot. Throws a busy error. */
  read<T>(work: () => T): T {
    return this.now(() => this.#inside("begin", work));
  }

  /** Runs work that throws a busy error instead of waiting. */
  now<T>(work: () => T): T {
    if (this.#isOurs) return work();
    const [timeout] = this.#prepared("pragma busy_timeout").get() as [number];
    this.#db.exec("pragma busy_timeout = 0");
    try {
      return work();
    } finally {
      this.#db.exec(`pragma busy_timeout = ${timeout}`);
    }
  }

  /** Retries work that finds the database locked, for five seconds. Rejects with SQLite's error, or with `Occupied`. */
  retry<T>(work: () => T | Promise<T>): Promise<T> {
    const tryOnce = (): T | Promise<T> => {
      if (this.occupied) throw new Occupied();
      return this.now(work);
    };
    return retry(this.#clock, tryOnce, isLocked, PAUSES);
  }

  #inside<T>(begin: string, work: () => T): T {
    this.#prepared(begin).run();
    try {
      const result = work();
      this.#prepared("commit").run();
      return result;
    } catch (error) {
      // A full disk has already ended the transaction.
      if (this.#db.inTransaction) this.#prepared("rollback").run();
      throw error;
    }
  }

  #prepared(sql: string): Statement {
    const known = this.#statements.get(sql);
    if (known !== undefined) return known;
    const statement = this.#db.prepare(sql);
    this.#statements.set(sql, statement);
    return statement;
  }
}
