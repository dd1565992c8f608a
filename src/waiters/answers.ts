/** How a reader reads. */
export interface Reading {
  readonly limit: number;
  /** The most text of an answer, in UTF-16 units, but a first send that is larger comes whole. */
  readonly size: number;
  /** Whether a gap in the history concerns it: not those who read from 0. */
  readonly exact: boolean;
}

/** A channel: a number that no other has. */
export interface Numbered {
  readonly number: number;
}

/** Who waits: on one channel, and on these others. */
export interface Waiting<C extends Numbered> {
  readonly channel: C;
  readonly others: readonly { readonly channel: C }[] | undefined;
}

/** How waiters are answered, by those who know the log. */
export interface Answering<C extends Numbered, A> {
  /** What these channels got; undefined when that does not concern this reader. */
  answer(channels: readonly C[], reading: Reading): A | undefined;
  /** What a reader gets when its time is up, or at the end. */
  nothing(): A;
  /** Nobody waits on this channel any longer. */
  left(channel: C): void;
}

/**
 * The answers of a wake-up. What a waiter gets depends only on how it reads and on which of the touched channels it waits
 * on, whatever else it waits on; those for whom that is the same share one answer.
 *
 * One serves all wake-ups, since V8 throws away what it compiled for an object of which the garbage collector finds none.
 */
export class Answers<C extends Numbered, A> {
  readonly #answering: Answering<C, A>;
  #touched: ReadonlySet<C> = new Set();
  readonly #of = new Map<string, A | undefined>();
  // Waiters come line by line, and most of a line read alike, so that mostly the answer before is the answer again. That of the
  // first of a line is in no map: most lines need none.
  #channel: C | undefined;
  #reading: Reading | undefined;
  #answer: A | undefined;

  constructor(answering: Answering<C, A>) {
    this.#answering = answering;
  }

  /** Before each wake-up, and with nothing after it: keeps no answer of the one before. */
  begin(touched: ReadonlySet<C>): void {
    this.#touched = touched;
    if (this.#of.size > 0) this.#of.clear(); // which takes a new table, though it is empty
    this.#channel = undefined;
    this.#reading = undefined;
    this.#answer = undefined;
  }

  /** The answer to a waiter in this channel's line. */
  to(reading: Reading, channel: C, waiting: Waiting<C>): A | undefined {
    const { others } = waiting;
    if (others === undefined || this.#touched.size === 1) return this.#ofChannel(channel, reading);
    const concerned = [waiting, ...others].map((place) => place.channel).filter((own) => this.#touched.has(own));
    return concerned.length === 1 ? this.#ofChannel(channel, reading) : this.#ofSome(concerned, reading);
  }

  #ofChannel(channel: C, reading: Reading): A | undefined {
    const isFirst = this.#channel !== channel;
    if (!isFirst && (this.#reading === reading || isAlike(this.#reading!, reading))) return this.#answer; // the first set it
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

/** True if two read in the same way. */
export function isAlike(one: Reading, other: Reading): boolean {
  return one.limit === other.limit && one.size === other.size && one.exact === other.exact;
}
