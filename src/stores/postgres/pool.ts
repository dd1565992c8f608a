import pDefer from "p-defer";
import type { Clock } from "../../util/clock.ts";
import { Unreachable } from "../shared/failures.ts";
import { RETRY_FOR, withTimeout } from "../shared/retry.ts";
import { ask } from "./ask.ts";
import { makePool, type PgClient, type PgPool, type PgPoolClient } from "./driver.ts";
import { condemns, isReadOnly } from "./failures.ts";

/** The application's Pool, or the config of one to make. */
export type Source =
  | { readonly pool: PgPool; readonly config?: never }
  | { readonly pool?: never; readonly config: object };

/** The assumed number of connections, if a pool does not tell its own. */
const KEPT = 10;

/** The source of connections: the application's pool, or one that the store makes and ends. */
export class Connections {
  readonly pool: PgPool;
  readonly #isOurs: boolean;

  readonly #clock: Clock;

  private constructor(pool: PgPool, isOurs: boolean, clock: Clock) {
    this.pool = pool;
    this.#isOurs = isOurs;
    this.#clock = clock;
  }

  /** Makes the pool, and connects to nothing yet. Rejects with `store` if pg is missing. */
  static async of({ pool, config }: Source, clock: Clock): Promise<Connections> {
    if (pool !== undefined) return new Connections(pool, false, clock);
    return new Connections(await makePool(config), true, clock);
  }

  /** True if all connections are lent, as far as the pool tells. */
  get isExhausted(): boolean {
    const { options, totalCount = 0, idleCount } = this.pool;
    const { max = KEPT } = options as { readonly max?: number };
    return idleCount === 0 && totalCount >= max;
  }

  /**
   * Lends a client for some work. Rejects with `Unreachable` if there is none, and then the work has not begun. After an error of
   * a read-only session the work is repeated on another client: it wrote nothing, and may be one from before a failover.
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
      broken = condemns(error); // a broken client may still have an answer on its way

      // A pooler keeps a read-only connection to the server, unless its client leaves it inside a transaction.
      if (isReadOnly(error)) await ask(client, "begin").catch(() => {});
      throw error;
    } finally {
      client.off("error", ignore);
      client.release(broken);
    }
  }

  /** Runs one statement as a transaction of its own, and resolves with its rows. Rejects as `lend` does, or with pg's error. */
  ask(text: string, values?: readonly unknown[]): ReturnType<typeof ask> {
    return this.lend((client) => ask(client, text, values));
  }

  async end(): Promise<void> {
    if (this.#isOurs) await withTimeout(this.#clock, this.pool.end());
  }

  // The application may have lent out all connections, perhaps to code that waits for this very send.
  #connect(): Promise<PgPoolClient> {
    const { promise, resolve, reject } = pDefer<PgPoolClient>();
    let late = false;
    const timer = this.#clock.setTimeout(() => {
      late = true;
      reject(new Error("the pool lent no connection"));
    }, RETRY_FOR);
    // A callback serves, since a server may announce its end together with its readiness. A promise would listen too late.
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

// The pending query rejects with the same error. Without a listener the event would end the process.
function ignore(): void {}
