import type { Clock } from "../../clock.ts";
import { isBusy, type SqliteDatabase, type SqliteStatement } from "./driver.ts";

/** How long a lock of another process is waited for, in ms. */
export const PATIENCE = 5_000;

/** The longest pause between two tries, in ms. */
const LONGEST_PAUSE = 20;

/**
 * Transactions that never block the event loop: a lock of somebody else is not waited for inside SQLite, but tried again
 * later. While the application has a transaction open on the same connection, ours wait for its end.
 */
export class Transactions {
  readonly #db: SqliteDatabase;
  readonly #clock: Clock;
  readonly #statements = new Map<string, SqliteStatement>();

  constructor(db: SqliteDatabase, clock: Clock) {
    this.#db = db;
    this.#clock = clock;
  }

  /** Whether the application is inside a transaction of its own. */
  get occupied(): boolean {
    return this.#db.inTransaction;
  }

  /** Runs synchronous work in a transaction that may write, as soon as the lock is free; rejects with SQLite's error. */
  write<T>(work: () => T): Promise<T> {
    return this.patiently(() => this.writeNow(work));
  }

  /** The same without waiting: throws a busy error. */
  writeNow<T>(work: () => T): T {
    return this.#impatiently(() => this.#inside("begin immediate", work));
  }

  /** Reads in one snapshot, without waiting. */
  readNow<T>(work: () => T): T {
    return this.#impatiently(() => this.#inside("begin", work));
  }

  /** Tries work that may find the database busy, again and again for a while. */
  async patiently<T>(work: () => T): Promise<T> {
    let deadline = this.#clock.monotonic() + PATIENCE;
    for (let pause = 1; ; pause = Math.min(pause * 2, LONGEST_PAUSE)) {
      if (this.occupied) {
        deadline = this.#clock.monotonic() + PATIENCE;
      } else {
        try {
          return work();
        } catch (error) {
          if (!isBusy(error) || this.#clock.monotonic() >= deadline) throw error;
        }
      }
      await new Promise<void>((resolve) => this.#clock.setTimeout(resolve, pause));
    }
  }

  #inside<T>(begin: string, work: () => T): T {
    this.#run(begin);
    try {
      const result = work();
      this.#run("commit");
      return result;
    } catch (error) {
      // A full disk ends the transaction by itself.
      if (this.#db.inTransaction) this.#run("rollback");
      throw error;
    }
  }

  // The application's own connection may be set to wait inside SQLite; ours is not, and then this changes nothing.
  #impatiently<T>(work: () => T): T {
    const timeout = this.#db.pragma("busy_timeout", { simple: true });
    if (Number(timeout) === 0) return work();
    this.#db.pragma("busy_timeout = 0");
    try {
      return work();
    } finally {
      this.#db.pragma(`busy_timeout = ${timeout}`);
    }
  }

  #run(sql: string): void {
    const known = this.#statements.get(sql);
    const statement = known ?? this.#db.prepare(sql);
    if (known === undefined) this.#statements.set(sql, statement);
    statement.run();
  }
}
