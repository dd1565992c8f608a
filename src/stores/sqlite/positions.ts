import { BusError } from "../../errors.ts";
import type { Position, PositionChange } from "../../store.ts";
import { isThenable } from "../../util/thenable.ts";
import { endedByWork, WorkFailure } from "../shared/work.ts";
import type { Columns, Statement } from "./drivers/driver.ts";
import { resultCodeOf } from "./drivers/result-codes.ts";
import type { OpenFile } from "./file.ts";

interface Statements {
  readonly list: Statement;
  readonly read: Statement;
  readonly remove: Statement;
  readonly insert: Statement;
  readonly version: Statement;
}

/** The positions of consumers in a file. All methods reject with SQLite's error. */
export class SqlitePositions {
  readonly #file: OpenFile;
  /** Throws if the path names another file than the open one. */
  readonly #checkPlace: () => void;
  #statements: Statements | undefined;

  constructor(file: OpenFile, checkPlace: () => void) {
    this.#file = file;
    this.#checkPlace = checkPlace;
  }

  /** Resolves with every position, in the order of the names. */
  list(): Promise<readonly Position[]> {
    return this.#file.transactions.retry(() => this.#prepared().list.all().map(positionOf));
  }

  /** Resolves with the position of this name. */
  read(name: string): Promise<Position | undefined> {
    return this.#file.transactions.retry(() => {
      const found = this.#prepared().read.get(name);
      return found === undefined ? undefined : positionOf(found);
    });
  }

  /** Replaces or removes a position if the stored version is this one. */
  replace(name: string, version: number, state: string | undefined): Promise<number | undefined> {
    const { transactions } = this.#file;
    return transactions.retry(() => {
      this.#checkPlace();
      const statements = this.#prepared();
      return transactions.write(() => replace(statements, { name, version, state }));
    });
  }

  /** Runs work and replaces a position in one transaction. Rejects with a `WorkFailure` if the work fails. */
  async within(change: PositionChange, work: (transaction: unknown) => unknown): Promise<number | undefined> {
    const { db, transactions } = this.#file;
    try {
      return await transactions.retry(() => {
        this.#checkPlace();
        const statements = this.#prepared();
        return transactions.write(() => {
          done(() => work(db.handle));
          if (!db.inTransaction) throw endedByWork();
          const next = replace(statements, { name: change.name, version: change.version(), state: change.state() });
          if (next === undefined) throw new Outdated();
          return next;
        });
      });
    } catch (error) {
      if (error instanceof Outdated) return undefined;
      throw resultCodeOf(error) === "constraint" ? new WorkFailure(error) : error; // a deferred one: the commit refused the work
    }
  }

  /** Makes the table if it is missing. A version is a row's number, and no number comes twice, also after a removal. */
  #prepared(): Statements {
    if (this.#statements !== undefined) return this.#statements;
    const { db, transactions } = this.#file;
    transactions.write(() =>
      db.exec(`
        create table if not exists nightbus_positions (
          version integer primary key autoincrement, name text not null unique, state text not null
        )
      `),
    );
    this.#statements = {
      list: db.prepare("select name, version, state from nightbus_positions order by name"),
      read: db.prepare("select name, version, state from nightbus_positions where name = ?"),
      remove: db.prepare("delete from nightbus_positions where name = ?"),
      insert: db.prepare("insert into nightbus_positions (name, state) values (?, ?)"),
      version: db.prepare("select version from nightbus_positions where name = ?"),
    };
    return this.#statements;
  }
}

/** Another version is stored, so the transaction rolls back. */
class Outdated extends Error {}

/** Inside a transaction that writes. Returns the new version; 0 after a removal, and undefined if another version is stored. */
function replace(
  statements: Statements,
  { name, version, state }: { readonly name: string; readonly version: number; readonly state: string | undefined },
): number | undefined {
  const stored = (statements.version.get(name)?.[0] ?? 0) as number;
  if (stored !== version) return undefined;
  if (stored !== 0) statements.remove.run(name);
  if (state === undefined) return 0;
  statements.insert.run(name, state);
  return statements.version.get(name)![0] as number; // the row was inserted just now
}

/** Runs work to its end. Throws a `WorkFailure` if it throws, or returns a promise. */
function done(work: () => unknown): void {
  let result: unknown;
  try {
    result = work();
  } catch (error) {
    throw new WorkFailure(error);
  }
  if (!isThenable(result)) return;
  result.then(undefined, () => {}); // the error below is the only answer
  throw new WorkFailure(
    new BusError(
      "bad_transaction",
      "a transaction of SQLite ends when its work returns, and the work returned a promise: use a function that is not async",
    ),
  );
}

function positionOf(columns: Columns): Position {
  const [name, version, state] = columns as [string, number, string];
  return { name, version, state };
}
