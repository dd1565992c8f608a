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
  /** The newest id before the commits of this tick. The newest of all if this tick has none. */
  readonly before: number;
  /** Returns the rows of these channels after this id; undefined if they do not concern this reader. */
  answer(channels: readonly C[], after: number, reading: Reading): A | undefined;
  /** Returns the answer of a reader whose time is up, or of every reader at the end. */
  nothing(): A;
  /** Called when a channel has lost its last reader. */
  left(channel: C): void;
  /** Hands readers the commits of this tick now. */
  endTick(): void;
  /** Runs work in which readers are answered in a later turn than that of the commit. The work returns their number. */
  inTurn(work: () => number): void;
}

/**
 * The answers of one wake-up. An answer depends only on the manner of reading and on the touched channels of the
 * reader. Readers with the same two share one answer, whatever else they wait on.
 *
 * One object serves all wake-ups, because V8 discards the code that was compiled for objects of a class once no such object is left.
 */
export class Answers<C extends Numbered, A> {
  readonly #answering: Answering<C, A>;
  #touched: ReadonlySet<C> | undefined;
  #after = 0;
  readonly #of = new Map<string, A | undefined>();
  // Readers come line by line, and most of a line read alike, so the last answer mostly fits again. The
  // answer of the first reader of a line is in no map, because most lines need no map.
  #channel: C | undefined;
  #reading: Reading | undefined;
  #answer: A | undefined;

  constructor(answering: Answering<C, A>) {
    this.#answering = answering;
  }

  /**
   * Forgets all answers. Called before each wake-up, and once more after it, so that no answer stays in memory. Answers have the
   * rows after this id of the touched channels, or of all channels of a reader if none are given.
   */
  begin(touched: ReadonlySet<C> | undefined, after: number): void {
    this.#touched = touched;
    this.#after = after;
    if (this.#of.size > 0) this.#of.clear(); // clearing allocates a table, even for an empty map
    this.#channel = undefined;
    this.#reading = undefined;
    this.#answer = undefined;
  }

  /** Returns the answer to a reader in this channel's line. */
  to(reading: Reading, channel: C, waiting: Waiting<C>): A | undefined {
    const { others } = waiting;
    const touched = this.#touched;
    if (others === undefined || touched?.size === 1) return this.#ofChannel(channel, reading);
    const own = channelsOf(waiting);
    const concerned = touched === undefined ? own : own.filter((each) => touched.has(each));
    return concerned.length === 1 ? this.#ofChannel(channel, reading) : this.#ofSome(concerned, reading);
  }

  #ofChannel(channel: C, reading: Reading): A | undefined {
    const isFirst = this.#channel !== channel;
    if (!isFirst && (this.#reading === reading || isAlike(this.#reading!, reading))) return this.#answer; // the first answer set it
    this.#answer = isFirst ? this.#answering.answer([channel], this.#after, reading) : this.#ofSome([channel], reading);
    this.#channel = channel;
    this.#reading = reading;
    return this.#answer;
  }

  #ofSome(channels: readonly C[], reading: Reading): A | undefined {
    const numbers = channels.map((channel) => channel.number).sort((a, b) => a - b);
    const key = `${reading.limit} ${reading.size} ${reading.exact} ${numbers.join()}`;
    if (this.#of.has(key)) return this.#of.get(key);
    const answer = this.#answering.answer(channels, this.#after, reading);
    this.#of.set(key, answer);
    return answer;
  }
}

/** Returns the channels of a waiting reader. */
export function channelsOf<C extends Numbered>({ channel, others }: Waiting<C>): readonly C[] {
  return others === undefined ? [channel] : [channel, ...others.map((place) => place.channel)];
}

/** Returns true if two readers read in the same manner. */
export function isAlike(one: Reading, other: Reading): boolean {
  return one.limit === other.limit && one.size === other.size && one.exact === other.exact;
}
