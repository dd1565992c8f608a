import type { Batch, Notification } from "../notification.ts";
import type { Known } from "./query.ts";
import { SharedRow } from "./row.ts";

/** What a read found, as rows. Readers that are woken together share one, and with it all that is made from it. */
export class Answer {
  // They only live: V8 throws away what it compiled for objects of which the garbage collector finds none. Measured: without
  // them, the polls that are woken after a collection take 1.2 to 1.4 times as long.
  static readonly specimen = new Answer([new SharedRow(0, { key: '""', channel: "" }, "0")], 0, false);
  static readonly specimenBatch = Answer.specimen.batch;

  readonly rows: readonly SharedRow[];
  /** Where the reader stands after it. */
  readonly last: number;
  readonly missed: boolean;
  /** For who goes on from here: what this reader was told of the watermarks, or need not be told. */
  known: Known | undefined = undefined;
  #batch: Batch<Notification> | undefined;
  #text: string | undefined;
  #size = 0;
  #maker: ((answer: Answer) => unknown) | undefined;
  #made: unknown;

  constructor(rows: readonly SharedRow[], last: number, missed: boolean) {
    this.rows = rows;
    this.last = last;
    this.missed = missed;
  }

  /** Returns this answer for a reader that has missed something before it. */
  asMissed(): Answer {
    return this.missed ? this : new Answer(this.rows, this.last, true);
  }

  /** For readers inside the process. */
  get batch(): Batch<Notification> {
    this.#batch ??= batchOf(this);
    return this.#batch;
  }

  /** The length of `text` in UTF-16 units, at least. */
  get size(): number {
    if (this.#size === 0) for (const row of this.rows) this.#size += row.size;
    return this.#size;
  }

  /** The JSON text of the notifications, for HTTP. */
  get text(): string {
    this.#text ??= `[${this.rows.map((row) => row.text).join(",")}]`;
    return this.#text;
  }

  /** What `make` makes of it. Whoever asks for the same after another shares what was made. */
  once<T>(make: (answer: Answer) => T): T {
    if (this.#maker !== make) {
      this.#made = make(this);
      this.#maker = make;
    }
    return this.#made as T; // `make` has made it
  }
}

// Plain properties would show up in comparisons and in JSON, and a subclass of Array would not compare as an array.
function batchOf(answer: Answer): Batch<Notification> {
  const list = answer.rows.map((row) => row.notification);
  Object.defineProperty(list, "last", { value: answer.last });
  return Object.defineProperty(list, "missed", { value: answer.missed }) as unknown as Batch<Notification>;
}
