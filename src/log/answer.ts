import type { Batch, Notification } from "../notification.ts";
import type { Known } from "./query.ts";
import { SharedRow } from "./row.ts";

/** The rows that a read found. Readers that wake together share one answer, and everything that is made from it. */
export class Answer {
  // V8 discards compiled code for objects once the garbage collector finds none, so one object always lives. Without
  // it, polls that wake after a collection take 1.2 to 1.4 times as long.
  static readonly specimen = new Answer([new SharedRow(0, { key: '""', channel: "" }, "0")], 0, false);
  static readonly specimenBatch = Answer.specimen.batch;

  readonly rows: readonly SharedRow[];
  /** The reader's position after this answer. */
  readonly last: number;
  readonly missed: boolean;
  /** For a reader that goes on from here: the watermarks that are no news to it. */
  known: Known | undefined = undefined;
  #batch: Batch<Notification> | undefined;
  #text: string | undefined;
  #size = 0;
  #maker: ((answer: Answer) => unknown) | undefined;
  #made: unknown;
  /** The results of further functions. Streams and sockets wait in one line, and each would make the other's anew. */
  #others: Map<unknown, unknown> | undefined;

  constructor(rows: readonly SharedRow[], last: number, missed: boolean) {
    this.rows = rows;
    this.last = last;
    this.missed = missed;
  }

  /** Returns this answer for a reader that has missed something before it. */
  asMissed(): Answer {
    return this.missed ? this : new Answer(this.rows, this.last, true);
  }

  /** The answer for readers inside the process. */
  get batch(): Batch<Notification> {
    this.#batch ??= batchOf(this);
    return this.#batch;
  }

  /** A lower bound of the length of `text`, in UTF-16 units. */
  get size(): number {
    if (this.#size === 0) for (const row of this.rows) this.#size += row.size;
    return this.#size;
  }

  /** The JSON text of the notifications, for HTTP. */
  get text(): string {
    this.#text ??= `[${this.rows.map((row) => row.text).join(",")}]`;
    return this.#text;
  }

  /** Returns the result of `make`. Every caller with the same `make` gets the same result. */
  once<T>(make: (answer: Answer) => T): T {
    if (this.#maker === make) return this.#made as T; // the same function made it
    if (this.#maker !== undefined) return this.#other(make);
    this.#made = make(this);
    this.#maker = make;
    return this.#made as T; // the line above made it
  }

  #other<T>(make: (answer: Answer) => T): T {
    this.#others ??= new Map();
    if (!this.#others.has(make)) this.#others.set(make, make(this));
    return this.#others.get(make) as T; // the same function made it
  }
}

// Plain properties would show up in comparisons and in JSON, and a subclass of Array would not compare as an array. Readers that
// wake together share the list, which nobody may take rows from.
function batchOf(answer: Answer): Batch<Notification> {
  const list = answer.rows.map((row) => row.notification);
  Object.defineProperty(list, "last", { value: answer.last });
  Object.defineProperty(list, "missed", { value: answer.missed });
  return Object.freeze(list) as unknown as Batch<Notification>; // both properties are there
}
