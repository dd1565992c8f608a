import type { Clock } from "../util/clock.ts";

/** The longest time between two checkpoints, in ms. The rows of presence are kept for ten minutes. */
const PAUSE = 4 * 60_000;

/** The rows of nodes between two checkpoints. 1,000 of them are kept. */
const ROWS = 400;

/** The most rows of a checkpoint that is sent because of other rows. A larger one would push out what it repeats. */
const MOST_PARTS = 100;

/** The parts that checkpoints need. */
export interface CheckpointsOptions {
  readonly clock: Clock;
  /** True if another process may open the log. */
  readonly isShared: boolean;
  /** Returns the number of rows that all members of this node take, and of the nodes. */
  readonly size: () => { readonly parts: number; readonly nodes: number };
  /** Sends all members of this node. */
  readonly send: () => void;
}

/**
 * Repeats the members of a node in the log before their rows are trimmed. The next process to open then knows all members
 * of a process that was killed alone, and tells of their leaves.
 */
export class Checkpoints {
  readonly #options: CheckpointsOptions;
  #at: number;
  #rows = 0;

  constructor(options: CheckpointsOptions) {
    this.#options = options;
    this.#at = options.clock.monotonic();
  }

  /** Notes that the node sends all its members now. */
  note(): void {
    this.#at = this.#options.clock.monotonic();
    this.#rows = 0;
  }

  /** Counts rows of nodes, and sends a checkpoint if it is due. */
  count(rows: number): void {
    const { clock, isShared } = this.#options;
    this.#rows += rows;
    if (!isShared) return;
    if (clock.monotonic() - this.#at >= PAUSE) this.#send();
    else if (this.#rows >= ROWS) this.#sendIfSmall();
  }

  #sendIfSmall(): void {
    this.#rows = 0; // the size is asked for once in so many rows
    const { parts, nodes } = this.#options.size();
    if (parts * nodes <= MOST_PARTS) this.#send();
  }

  #send(): void {
    this.note();
    this.#options.send();
  }
}
