import { BusError, given } from "../../errors.ts";
import type { Position, PositionChange, Positions } from "../../store.ts";
import type { Clock } from "../../util/clock.ts";
import { reasonOf } from "../shared/failures.ts";
import { type EnginePositions, encode, newToken, remotePositions } from "../shared/remote-positions.ts";
import { retry } from "../shared/retry.ts";
import { endedByWork, WorkFailure } from "../shared/work.ts";
import { ask as askOn } from "./ask.ts";
import type { PgClient } from "./driver.ts";
import { condemns, isLogGone, isLost, isOutside, isReadOnly, isSpoilt, mayReadAgain, refusesWork } from "./failures.ts";
import type { Connections } from "./pool.ts";
import { PositionTables } from "./position-tables.ts";
import type { Ask } from "./tables.ts";

/** The parts that positions in Postgres need. */
export interface PositionsOptions {
  readonly clock: Clock;
  readonly connections: Connections;
  /** The schema, quoted. */
  readonly named: string;
  /** Asks on the connection that listens. The application's transactions may hold all others. */
  readonly own: Ask;
  /** Makes the schema anew if it is gone. */
  readonly catchUp: () => Promise<void>;
}

/** Returns the positions of a log in Postgres. Their tables are made with the first use. */
export function postgresPositions(options: PositionsOptions): Positions {
  const moves = new Moves(options);
  const engine: EnginePositions = {
    list: () => moves.ask((tables, ask) => tables.list(ask)),
    read: (name) => moves.ask(async (tables, ask): Promise<Position | undefined> => (await tables.list(ask, name))[0]),
    replace: (change) => moves.ask((tables, ask) => tables.replace(ask, change)),
  };
  return remotePositions({
    clock: options.clock,
    engine,
    failures: { mayReadAgain, isLost },
    within: { isSynchronous: false, run: (change, work) => moves.within(change, work) },
  });
}

/** The result of a transaction that was not committed by its own will. */
type Ended = { readonly version: number | undefined } | { readonly failure: WorkFailure };

/** Moves positions in Postgres, and makes their tables if they are missing. */
class Moves {
  readonly #options: PositionsOptions;
  readonly #tables: PositionTables;
  #isReady = false;

  constructor(options: PositionsOptions) {
    this.#options = options;
    this.#tables = new PositionTables(options.named);
  }

  /** Asks on a free connection of the pool, or on the one that listens. */
  ask<T>(work: (tables: PositionTables, ask: Ask) => Promise<T>): Promise<T> {
    const { connections, own } = this.#options;
    return this.#prepared(() =>
      connections.isExhausted
        ? work(this.#tables, own)
        : connections.lend((client) => work(this.#tables, (...asked) => askOn(client, ...asked))),
    );
  }

  /** Runs work and replaces a position in one transaction of a connection of the pool. Rejects with a `WorkFailure` if the work fails. */
  async within(change: PositionChange, work: (transaction: unknown) => unknown): Promise<number | undefined> {
    const token = newToken();
    let commit: { readonly lost: unknown } | undefined;
    const run = async (client: PgClient): Promise<Ended> => {
      const transaction = new Transaction(this.#tables, client, token);
      return transaction.run(change, work).catch((error) => {
        if (transaction.isCommitting && isLost(error)) commit = { lost: error };
        throw error;
      });
    };
    try {
      const ended = await this.#prepared(() => this.#options.connections.lend(run));
      if ("version" in ended) return ended.version;
      throw ended.failure;
    } catch (error) {
      if (commit === undefined) throw error;
      return this.#committed(change.name, token, commit.lost);
    }
  }

  // The server may still be working on the commit. The lock of the name is free once the transaction has ended.
  async #committed(name: string, token: string, lost: unknown): Promise<number> {
    const asked = { name: encode(name), version: -1, state: undefined, token };
    const found = await this.ask((tables, ask) => tables.replace(ask, asked)).catch(() => undefined);
    if (found === undefined) throw lost;
    return found;
  }

  async #prepared<T>(work: () => Promise<T>): Promise<T> {
    const { clock, connections, catchUp } = this.#options;
    for (let tries = 0; ; tries += 1) {
      try {
        if (!this.#isReady)
          await retry(clock, () => connections.lend((client) => this.#tables.prepare(client)), mayReadAgain);
        this.#isReady = true;
        return await work();
      } catch (error) {
        if (!isLogGone(error) || tries > 0) throw error;
        this.#isReady = false;
        await catchUp();
      }
    }
  }
}

/** One transaction of a consumer's work, on a connection that it has to itself. */
class Transaction {
  readonly #tables: PositionTables;
  readonly #client: PgClient;
  readonly #token: string;
  #isCommitting = false;

  constructor(tables: PositionTables, client: PgClient, token: string) {
    this.#tables = tables;
    this.#client = client;
    this.#token = token;
  }

  /** True from the commit on. Before it, a lost connection takes the transaction back. */
  get isCommitting(): boolean {
    return this.#isCommitting;
  }

  async run(change: PositionChange, work: (transaction: unknown) => unknown): Promise<Ended> {
    const ask: Ask = (...asked) => askOn(this.#client, ...asked);
    try {
      await ask("begin isolation level read committed");
      await this.#work(work);
      await this.#tables.lock(ask).catch((error) => {
        throw isOutside(error) ? endedByWork() : isSpoilt(error) ? new WorkFailure(error) : error;
      });
      const moved = { name: encode(change.name), version: change.version(), state: encode(change.state()) };
      const version = await this.#tables.replace(ask, { ...moved, token: this.#token });
      this.#isCommitting = version !== undefined;
      await ask(version === undefined ? "rollback" : "commit");
      return { version };
    } catch (error) {
      if (this.#isCommitting && refusesWork(error)) return { failure: new WorkFailure(error) }; // and has rolled back
      if (this.#isCommitting) throw error;
      if (error instanceof WorkFailure || !condemns(error)) return await this.#rollback(error);
      throw isLost(error) ? takenBack(error) : error;
    }
  }

  async #work(work: (transaction: unknown) => unknown): Promise<void> {
    try {
      await work(this.#client);
    } catch (error) {
      throw isReadOnly(error) ? error : new WorkFailure(error); // another connection may lead to a server that writes
    }
  }

  // A connection that does not roll back is of no use any more, and rolls back by its end. Work that fails on a lost connection
  // has not failed itself.
  async #rollback(error: unknown): Promise<Ended> {
    await askOn(this.#client, "rollback").catch((lost) => {
      throw error instanceof WorkFailure ? takenBack(lost) : error;
    });
    if (error instanceof WorkFailure) return { failure: error };
    throw error;
  }
}

/** Returns the error of a transaction whose connection was lost before the commit. */
function takenBack(cause: unknown): BusError {
  const sentence = `Postgres could not move a position: the connection was lost before the commit, with ${given(reasonOf(cause))}`;
  return new BusError("store", sentence, { cause, refused: true, unavailable: true });
}
