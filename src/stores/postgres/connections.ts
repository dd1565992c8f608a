import pDefer from "p-defer";
import type { Clock } from "../../util/clock.ts";
import { Unreachable } from "../shared/failures.ts";
import { RETRY_FOR, withTimeout } from "../shared/retry.ts";
import { ask } from "./ask.ts";
import { makePool, type PgClient, type PgPool, type PgPoolClient } from "./driver.ts";
import { condemns, isReadOnly } from "./failures.ts";

/** A Pool of the application's, or how to connect. */
export type Source =
  | { readonly pool: PgPool; readonly config?: never }
  | { readonly pool?: never; readonly config: object };

/** The assumed number of connections of a pool that does not tell it. */
const KEPT = 10;

/** Where connections come from: the application's pool, or one that is ours to end. */
export class Connections {
  readonly pool: PgPool;
  readonly #isOurs: boolean;

  readonly #clock: Clock;

  private constructor(pool: PgPool, isOurs: boolean, clock: Clock) {
    this.pool = pool;
    this.#isOurs = isOurs;
    this.#clock = clock;
  }

  /** Rejects with `store` where pg is missing. Connects to nothing yet. */
  static async of({ pool, config }: Source, clock: Clock): Promise<Connections> {
    if (pool !== undefined) return new Connections(pool, false, clock);
    return new Connections(await makePool(config), true, clock);
  }

  /**
   * Lends a client for some work. Rejects with `Unreachable` when there was none, and then the work was not begun. A
   * read-only session has written nothing, so the work is done on another: a pool keeps connections of before a failover.
   */
  async lend<T>(work: (client: PgClient) => Promise<T>): Promise<T> {
    for (let kept = Number.NaN; ; kept -= 1) {
      try {
        return await this.#lendOne(work);
      } catch (error) {
        if (Number.isNaN(kept)) kept = this.pool.totalCount ?? KEPT;
        if (!isReadOnly(error) || kept < 0) throw error;
      }
    }
  }

  async #lendOne<T>(work: (client: PgClient) => Promise<T>): Promise<T> {
    const client = await this.#connect().catch((cause) => {
      throw new Unreachable("there was no connection", { cause });
    });
    let broken = true;
    try {
      const result = await work(client);
      broken = false;
      return result;
    } catch (error) {
      broken = condemns(error); // an answer may still be on its way, too
      // A pooler keeps its own connection to the server, unless one leaves it within a transaction.
      if (isReadOnly(error)) await ask(client, "begin").catch(() => {});
      throw error;
    } finally {
      client.off("error", ignore);
      client.release(broken);
    }
  }

  /** The rows that one statement answers, by itself a transaction. Rejects as `lend` does, or with pg's error. */
  ask(text: string, values?: readonly unknown[]): ReturnType<typeof ask> {
    return this.lend((client) => ask(client, text, values));
  }

  async end(): Promise<void> {
    if (this.#isOurs) await withTimeout(this.#clock, this.pool.end());
  }

  // The application may have lent out all its connections, perhaps to one that waits for this very send.
  #connect(): Promise<PgPoolClient> {
    const { promise, resolve, reject } = pDefer<PgPoolClient>();
    let late = false;
    const timer = this.#clock.setTimeout(() => {
      late = true;
      reject(new Error("the pool lent no connection"));
    }, RETRY_FOR);
    // By a callback, since a server may say in one breath that it is ready and that it ends: a promise would listen too late.
    this.pool.connect((error, client) => {
      this.#clock.clearTimeout(timer);
      if (client === undefined) return reject(error);
      if (late) return client.release();
      client.on("error", ignore);
      resolve(client);
    });
    return promise;
  }
}

// Whoever waits for an answer is told; without a listener it would also end the process.
function ignore(): void {}
