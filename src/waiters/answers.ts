/** The manner in which a reader reads. */
export interface Reading {
  readonly limit: number;
  /** The most text of an answer, in UTF-16 units. A first send that is larger comes whole. */
  readonly size: number;
  /** True if the reader hears `missed`. A reader from 0 misses nothing. */
  readonly exact: boolean;
}

/** A channel, known by a number of its own. */
export interface Numbered {
  readonly number: number;
}

/** A waiting reader: on one channel, and on these others. */
export interface Waiting<C extends Numbered> {
  readonly channel: C;
  readonly others: readonly { readonly channel: C }[] | undefined;
}

/** Answers waiting readers. The owner of the log implements it. */
export interface Answering<C extends Numbered, A> {
  /** Returns the rows of these channels; undefined if they do not concern this reader. */
  answer(channels: readonly C[], reading: Reading): A | undefined;
  /** Returns the answer of a reader whose time is up, or of every reader at the end. */
  nothing(): A;
  /** Called when a channel has lost its last reader. */
  left(channel: C): void;
}

/**
 * The answers of one wake-up. An answer depends only on the manner of reading and on the touched channels of the
 * reader. Readers with the same two share one answer, whatever else they wait on.
 *
 * One object serves all wake-ups, because V8 discards compiled code for objects once the garbage collector finds none.
 */
export class Answers<C extends Numbered, A> {
  readonly #answering: Answering<C, A>;
  #touched: ReadonlySet<C> = new Set();
  readonly #of = new Map<string, A | undefined>();
  // Readers come line by line, and most of a line read alike, so the answer before is mostly the answer again. The
  // answer of the first reader of a line is in no map, because most lines need none.
  #channel: C | undefined;
  #reading: Reading | undefined;
  #answer: A | undefined;

  constructor(answering: Answering<C, A>) {
    this.#answering = answering;
  }

  /** Forgets the answers of the wake-up before. Called before each wake-up, and with nothing after it. */
  begin(touched: ReadonlySet<C>): void {
    this.#touched = touched;
    if (this.#of.size > 0) this.#of.clear(); // clearing allocates a table, even for an empty map
    this.#channel = undefined;
    this.#reading = undefined;
    this.#answer = undefined;
  }

  /** Returns the answer to a reader in this channel's line. */
  to(reading: Reading, channel: C, waiting: Waiting<C>): A | undefined {
    const { others } = waiting;
    if (others === undefined || this.#touched.size === 1) return this.#ofChannel(channel, reading);
    const concerned = [waiting, ...others].map((place) => place.channel).filter((own) => this.#touched.has(own));
    return concerned.length === 1 ? this.#ofChannel(channel, reading) : this.#ofSome(concerned, reading);
  }

  #ofChannel(channel: C, reading: Reading): A | undefined {
    const isFirst = this.#channel !== channel;
    if (!isFirst && (this.#reading === reading || isAlike(this.#reading!, reading))) return this.#answer; // the first answer set it
    this.#answer = isFirst ? this.#answering.answer([channel], reading) : this.#ofSome([channel], reading);
    this.#channel = channel;
    this.#reading = reading;
    return this.#answer;
  }

  #ofSome(channels: readonly C[], reading: Reading): A | undefined {
    const numbers = channels.map((channel) => channel.number).sort((a, b) => a - b);
    const key = `${reading.limit} ${reading.size} ${reading.exact} ${numbers.join()}`;
    if (this.#of.has(key)) return this.#of.get(key);
    const answer = this.#answering.answer(channels, reading);
    this.#of.set(key, answer);
    return answer;
  }
}

/** Returns true if two readers read in the same manner. */
export function isAlike(one: Reading, other: Reading): boolean {
  return one.limit === other.limit && one.size === other.size && one.exact === other.exact;
}
