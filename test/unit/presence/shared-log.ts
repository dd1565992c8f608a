import type { PendingRow, Row, Store, StoreSink } from "../../../src/store.ts";
import { storeError } from "../../support/doubles.ts";

/** The side of one process on a shared log. */
interface Side {
  sink: StoreSink | undefined;
  /** The number of rows that it has seen. */
  seen: number;
  isHeld: boolean;
  isCut: boolean;
  isGone: boolean;
}

/** A log in memory that several buses share. A test holds the rows of a bus up, cuts it off, or takes it away. */
export class SharedLog {
  readonly rows: Row[] = [];
  readonly #sides = new Map<Store, Side>();
  readonly #replayed: number;
  readonly #kept: number;
  #now: () => number;

  /** A process that opens is given the last `replayed` rows, and one that lags by more than `kept` rows loses the oldest. */
  constructor(now: () => number, replayed = Number.POSITIVE_INFINITY, kept = Number.POSITIVE_INFINITY) {
    this.#now = now;
    this.#replayed = replayed;
    this.#kept = kept;
  }

  store(): Store {
    const side: Side = { sink: undefined, seen: 0, isHeld: false, isCut: false, isGone: false };
    const store: Store = {
      maxRows: Number.POSITIVE_INFINITY,
      maxBytes: Number.POSITIVE_INFINITY,
      open: async (sink) => this.#open(side, sink),
      append: (sends) => this.#append(side, sends),
      sync: async () => this.#deliver(side),
      trim() {},
      now: () => this.#now(),
      async close() {},
    };
    this.#sides.set(store, side);
    return store;
  }

  /** Keeps rows from a process, until `go`. */
  hold(store: Store): void {
    this.#side(store).isHeld = true;
  }

  /** Hands over what was kept from it. */
  go(store: Store): void {
    const side = this.#side(store);
    side.isHeld = false;
    this.#deliver(side);
  }

  /** Refuses the sends of a process, or takes them again. */
  cut(store: Store, isCut: boolean): void {
    this.#side(store).isCut = isCut;
  }

  /** Takes a process away: its sends never end. */
  kill(store: Store): void {
    this.#side(store).isGone = true;
  }

  #side(store: Store): Side {
    return this.#sides.get(store)!; // `store` made it
  }

  #open(side: Side, sink: StoreSink): void {
    const first = Math.max(0, this.rows.length - this.#replayed);
    const [last, floor] = [this.rows.at(-1)?.id ?? 0, this.rows[first - 1]?.id ?? 0];
    sink.reset({ begin: 0, last, gaps: [], watermarks: [], floor });
    side.sink = sink;
    side.seen = first;
    this.#deliver(side);
  }

  async #append(side: Side, sends: readonly (readonly PendingRow[])[]): Promise<readonly (readonly number[])[]> {
    await null;
    if (side.isGone) return new Promise(() => {});
    if (side.isCut) throw storeError(true);
    const ids = sends.map((send) => {
      const first = this.rows.length + 1;
      for (const [at, { key, json }] of send.entries()) {
        this.rows.push({ id: first + at, key, json, at: this.#now(), send: first });
      }
      return send.map((_, at) => first + at);
    });
    this.#deliver(side); // the sender sees everything before its send, and its send
    for (const other of this.#sides.values()) if (!other.isHeld) this.#deliver(other);
    return ids;
  }

  #deliver(side: Side): void {
    if (side.sink === undefined || side.isGone || side.seen === this.rows.length) return;
    if (this.rows.length - side.seen > this.#kept) {
      side.seen = this.rows.length - this.#kept;
      const floor = this.rows[side.seen - 1]!.id;
      side.sink.noteTrims({ last: floor, watermarks: [], floor });
    }
    const rows = this.rows.slice(side.seen);
    side.seen = this.rows.length;
    side.sink.add(rows);
  }
}
