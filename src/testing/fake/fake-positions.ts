import { AsyncLocalStorage } from "node:async_hooks";
import { recordOf, textOf } from "../../consumers/state.ts";
import { BusError, given, isError } from "../../errors.ts";
import type { PendingRow, Position, PositionChange, Positions } from "../../store.ts";
import { memoryPositions } from "../../stores/memory/positions.ts";

type Send = readonly PendingRow[];

/** A transaction of one run of a handler, with its sends. */
interface Run {
  readonly transaction: unknown;
  readonly sends: Send[];
}

/** The positions of consumers of a fake bus. Tests make them fail, and take names away. */
export class FakePositions implements Positions {
  /** The transaction that handlers get. Default: an empty object for each run. */
  transaction: unknown;
  /** The changes so far. */
  changes = 0;
  readonly #commit: (sends: readonly Send[]) => void;
  #memory = memoryPositions();
  #failure: { readonly cause: unknown } | undefined;
  readonly #open = new Set<Run>();
  /** The run whose handler is calling. Handlers that run at the same time may have one double of a driver. */
  readonly #calling = new AsyncLocalStorage<Run>();

  constructor(commit: (sends: readonly Send[]) => void) {
    this.#commit = commit;
  }

  /** A work may return a promise or not, so that a fake stands for SQLite and for Postgres. */
  readonly within = {
    isSynchronous: false,
    run: (change: PositionChange, work: (transaction: unknown) => unknown) => this.#run(change, work),
  };

  async list(): Promise<readonly Position[]> {
    this.#check();
    return this.#memory.list();
  }

  async read(name: string): Promise<Position | undefined> {
    this.#check();
    return this.#memory.read(name);
  }

  async replace(name: string, version: number, state: string | undefined): Promise<number | undefined> {
    this.#check();
    this.changes += 1;
    return this.#memory.replace(name, version, state);
  }

  /** Adds a send to the open transaction of this value. Returns false if there is none. */
  joins(transaction: unknown, send: Send): boolean {
    return this.#runOf(transaction)?.sends.push(send) !== undefined;
  }

  /** Rejects everything from now on. */
  fail(cause: unknown): void {
    this.#failure = { cause };
  }

  /** Ends the failures. */
  heal(): void {
    this.#failure = undefined;
  }

  /** Gives a name to a holder of another process, which never renews its lease. Resolves with false if there is no such name. */
  async takeOver(name: string): Promise<boolean> {
    const stored = await this.#memory.read(name);
    if (stored === undefined) return false;
    const record = recordOf(name, stored.state);
    const holder = { token: "another process", lease: record.holder?.lease ?? 10_000 };
    await this.#memory.replace(name, stored.version, textOf({ ...record, fence: record.fence + 1, holder }));
    this.changes += 1;
    return true;
  }

  /** Forgets everything. */
  reset(): void {
    this.#memory = memoryPositions();
    this.#open.clear();
    this.heal();
  }

  async #run(change: PositionChange, work: (transaction: unknown) => unknown): Promise<number | undefined> {
    this.#check();
    const { transaction = {} } = this;
    const run: Run = { transaction, sends: [] };
    this.#open.add(run);
    try {
      await this.#calling.run(run, () => work(transaction));
    } finally {
      this.#open.delete(run);
    }
    const version = await this.replace(change.name, change.version(), change.state());
    if (version !== undefined) this.#commit(run.sends);
    return version;
  }

  /** Returns the open run to which a send within this transaction belongs. */
  #runOf(transaction: unknown): Run | undefined {
    const calling = this.#calling.getStore();
    if (calling !== undefined && calling.transaction === transaction)
      return this.#open.has(calling) ? calling : undefined;
    return [...this.#open].filter((run) => run.transaction === transaction).at(-1);
  }

  #check(): void {
    if (this.#failure === undefined) return;
    const { cause } = this.#failure;
    const text = isError(cause) ? cause.message : given(cause);
    throw new BusError("store", `positions fail until they are healed: ${text}`, { cause, refused: true });
  }
}
