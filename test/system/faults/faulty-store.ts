import { BusError } from "../../../src/errors.ts";
import type { PendingRow, Row, Store, StoreSink } from "../../../src/store.ts";

/** The outcome of one append, sync or opening. Some outcomes fit only some of them. */
export type Fate = (typeof FATES)[number];

/**
 * "lost" is an answer that does not come, although the rows are committed. "lost late" is the same, but this process
 * gets the rows later. "in vain" is an answer that does not come, and nothing is committed. "late" and "stalled" wait
 * to be released, before the answer and before the commit. "odd" throws what is no error of nightbus's.
 */
export const FATES = [
  "works",
  "refused",
  "unavailable",
  "lost",
  "lost late",
  "in vain",
  "cut off",
  "late",
  "stalled",
  "twice",
  "odd",
] as const;

const UNKNOWN: readonly Fate[] = ["lost", "lost late", "in vain", "cut off", "odd"];
const BEGIN = 1_000;

/** A store to which things happen by a script. The store knows the truth: all that was committed, whatever its callers heard. */
export class FaultyStore implements Store {
  readonly maxRows = 4;
  readonly maxBytes = Number.POSITIVE_INFINITY;
  /** All that is committed, by anyone. */
  readonly rows: Row[] = [];
  /** The next outcomes of appends, and of syncs; with an empty list everything works. */
  readonly appends: Fate[] = [];
  readonly syncs: Fate[] = [];
  opening: Fate = "works";
  closing: Fate = "works";
  /** The messages of which nobody could tell whether they were committed. */
  readonly unknown = new Set<string>();
  failedSyncs = 0;
  #sink!: StoreSink;
  #handedOver = 0;
  #held: (() => void)[] = [];

  get newest(): number {
    return BEGIN + this.rows.length;
  }

  async open(sink: StoreSink): Promise<void> {
    this.#sink = sink;
    await this.#suffer(this.opening);
    sink.reset({ begin: BEGIN, last: BEGIN, gaps: [], watermarks: [], floor: 0 });
  }

  async append(sends: readonly (readonly PendingRow[])[]): Promise<readonly (readonly number[])[]> {
    const fate = this.appends.shift() ?? "works";
    if (UNKNOWN.includes(fate)) for (const { json } of sends.flat()) this.unknown.add(json);
    if (fate !== "lost" && fate !== "lost late" && fate !== "late") await this.#suffer(fate);
    const ids = sends.map((send) => this.commit(send));
    if (fate === "lost late") throw lost();
    const before = this.#handedOver;
    this.handOver();
    if (fate === "twice") this.#sink.add(this.rows.slice(before));
    if (fate === "lost" || fate === "late") await this.#suffer(fate);
    return ids;
  }

  /** Commits a send, of which this process hears later. */
  commit(send: readonly PendingRow[]): readonly number[] {
    const first = this.newest + 1;
    const rows = send.map((row, index) => ({ ...row, id: first + index, at: this.#sink.clock.now(), send: first }));
    this.rows.push(...rows);
    return rows.map(({ id }) => id);
  }

  /** Hands over what was committed since it last did. */
  handOver(): void {
    const rows = this.rows.slice(this.#handedOver);
    this.#handedOver = this.rows.length;
    if (rows.length > 0) this.#sink.add(rows);
  }

  async sync(): Promise<void> {
    await this.#suffer(this.syncs.shift() ?? "works").catch((error: unknown) => {
      this.failedSyncs += 1;
      throw error;
    });
    this.handOver();
  }

  async close(): Promise<void> {
    await this.#suffer(this.closing);
  }

  /** Lets go of everything that is held up. */
  release(): void {
    for (const go of this.#held.splice(0)) go();
  }

  async #suffer(fate: Fate): Promise<void> {
    if (fate === "late" || fate === "stalled") await new Promise<void>((resolve) => this.#held.push(resolve));
    if (fate === "refused") throw new BusError("store", "the disk is full", { refused: true });
    if (fate === "unavailable") throw new BusError("store", "it is locked", { refused: true, unavailable: true });
    if (fate === "cut off") throw new BusError("store", "the connection is gone", { unavailable: true });
    if (fate === "lost" || fate === "lost late" || fate === "in vain") throw lost();
    if (fate === "odd") throw new TypeError("it is not a function");
  }
}

function lost(): BusError {
  return new BusError("store", "the answer was lost");
}
