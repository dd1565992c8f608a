import type { Signal } from "../util/abort.ts";
import type { Clock } from "../util/clock.ts";
import { type Bucket, Deadlines, type Due } from "../util/deadlines.ts";
import { Signals } from "../util/signals.ts";
import { type Answering, Answers, type Numbered, type Reading, type Waiting } from "./answers.ts";

/** A channel that carries the line of its waiters. */
export interface Watched extends Numbered {
  watch: Line | undefined;
}

/** The waiters of one channel. Never empty. */
export type Line = Place[];

/** A waiter's place in the line of one of its channels. A place knows its index, so that leaving is O(1). */
interface Place {
  readonly waiter: Waiter;
  readonly channel: Watched;
  index: number;
}

/** The channels, the manner and the end of a wait. */
export interface Wait<C extends Watched, A, T> extends Reading {
  /** Each channel once, at least one. */
  readonly channels: readonly C[];
  /** The end of the wait by the monotonic clock; may be Infinity. */
  readonly deadline: number;
  readonly signal: Signal | undefined;
  /** Turns an answer into the reader's result. */
  readonly form: (answer: A) => T;
}

/** The manner of reading, and the form of the result. */
interface Manner extends Reading {
  readonly form: (answer: unknown) => unknown;
}

const DETACHED = -1;
const NOTHING: ReadonlySet<never> = new Set();

/** Parked polls. Waking a poll costs the same on any number of channels, and among any number of others. */
export class Waiters<C extends Watched, A> {
  readonly #answering: Answering<C, A>;
  readonly #answers: Answers<C, A>;
  readonly #deadlines: Deadlines<Waiter>;
  readonly #signals: Signals<Waiter>;
  #manner: Manner | undefined;

  constructor(clock: Clock, answering: Answering<C, A>) {
    this.#answering = answering;
    this.#answers = new Answers(answering);
    this.#deadlines = new Deadlines<Waiter>(clock, (due) => this.#giveUp(due));
    this.#signals = new Signals<Waiter>((waiter, reason) => {
      this.#leave(waiter);
      waiter.resolve(Promise.reject(reason));
    });
  }

  get size(): number {
    return this.#deadlines.size;
  }

  /** Waits until a channel is touched or the time is up. Rejects with the signal's reason. */
  park<T>(wait: Wait<C, A, T>): Promise<T> {
    const manner = this.#mannerOf(wait as Wait<C, unknown, T>); // `form` and `resolve` of one waiter fit each other

    // A rejection resolves with a rejected promise, because `reject` would take 64 bytes while the poll is parked.
    return new Promise<T>((resolve) => {
      const waiter = new Waiter(wait, manner, resolve as (value: unknown) => void); // as above
      this.#deadlines.add(waiter, wait.deadline);
      if (waiter.signal !== undefined) this.#signals.add(waiter.signal, waiter);
    });
  }

  /** Answers the waiters of the touched channels, each once. Waiters with the same answer share it. */
  wake(touched: ReadonlySet<C>): void {
    this.#answers.begin(touched);
    for (const channel of touched) {
      const line = channel.watch;
      if (line === undefined) continue;
      channel.watch = undefined;
      for (const place of line) this.#answer(place, channel);
      if (channel.watch === undefined) this.#answering.left(channel);
    }
    this.#answers.begin(NOTHING);
  }

  /** Answers the waiters of this form with nothing. */
  release(form: unknown): void {
    this.#giveUp(this.#deadlines.all().filter(({ manner }) => manner.form === form));
  }

  /** Answers every waiter with nothing. */
  close(): void {
    this.#giveUp(this.#deadlines.drain());
    this.#deadlines.close();
  }

  // Most readers read alike, so they share one manner.
  #mannerOf({ limit, size, exact, form }: Wait<C, unknown, unknown>): Manner {
    const before = this.#manner;
    if (before?.limit === limit && before.size === size && before.exact === exact && before.form === form)
      return before;
    this.#manner = { limit, size, exact, form };
    return this.#manner;
  }

  #answer(place: Place, channel: C): void {
    const { waiter } = place;
    const waiting = waiter as unknown as Waiting<C>; // the waiter was parked on channels of type C
    const answer = this.#answers.to(waiter.manner, channel, waiting);
    if (answer === undefined) {
      enter(place);
      return;
    }
    place.index = DETACHED;
    this.#leave(waiter);
    settle(waiter, answer);
  }

  #giveUp(due: readonly Waiter[]): void {
    const nothing = this.#answering.nothing();
    for (const waiter of due) {
      this.#leave(waiter);
      settle(waiter, nothing);
    }
  }

  #leave(waiter: Waiter): void {
    this.#deadlines.remove(waiter);
    if (waiter.signal !== undefined) this.#signals.remove(waiter.signal, waiter);
    this.#step(waiter);
    if (waiter.others !== undefined) for (const place of waiter.others) this.#step(place);
  }

  #step(place: Place): void {
    if (place.index !== DETACHED && step(place)) this.#answering.left(place.channel as C); // as in #answer
  }
}

/** A parked poll. A waiter is itself the place in the line of its first channel, because most polls wait on one alone. */
class Waiter implements Due, Place {
  readonly channel: Watched;
  index = DETACHED;
  readonly others: readonly Place[] | undefined;
  bucket: Bucket | undefined = undefined;
  slot = 0;
  readonly signal: Signal | undefined;
  readonly manner: Manner;
  readonly resolve: (value: unknown) => void;

  constructor(
    { channels, signal }: Pick<Wait<Watched, never, unknown>, "channels" | "signal">,
    manner: Manner,
    resolve: (value: unknown) => void,
  ) {
    this.channel = channels[0]!; // there is one at least
    this.others = channels.length === 1 ? undefined : othersOf(this, channels);
    this.signal = signal;
    this.manner = manner;
    this.resolve = resolve;
    enter(this);
  }

  get waiter(): Waiter {
    return this;
  }
}

function othersOf(waiter: Waiter, channels: readonly Watched[]): readonly Place[] {
  const others: Place[] = [];
  for (let at = 1; at < channels.length; at += 1) {
    const place = { waiter, channel: channels[at]!, index: DETACHED };
    others.push(place);
    enter(place);
  }
  return others;
}

// A row that cannot take a reader's form, such as a stored message that is not JSON, fails that reader alone.
function settle(waiter: Waiter, answer: unknown): void {
  try {
    waiter.resolve(waiter.manner.form(answer));
  } catch (error) {
    waiter.resolve(Promise.reject(error));
  }
}

/** Puts a place at the end of its channel's line. */
function enter(place: Place): void {
  const { channel } = place;
  if (channel.watch === undefined) {
    channel.watch = [place];
    place.index = 0;
  } else {
    place.index = channel.watch.push(place) - 1;
  }
}

/** Takes a place out of its channel's line. Returns true if it was the last. */
function step({ channel, index }: Place): boolean {
  const line = channel.watch!; // every place stands in its channel's line
  const moved = line.pop()!;
  if (line.length === 0) {
    channel.watch = undefined;
    return true;
  }
  if (index < line.length) {
    line[index] = moved;
    moved.index = index;
  }
  return false;
}
