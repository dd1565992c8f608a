import pDefer, { type DeferredPromise } from "p-defer";
import type { Clock } from "../clock.ts";
import { type Answering, Answers, type Numbered, type Reading } from "./answers.ts";
import { type Bucket, Deadlines, type Due } from "./deadlines.ts";
import { Signals } from "./signals.ts";

/** A channel on which its waiters hang their line. */
export interface Watched extends Numbered {
  watch: Line | undefined;
}

/** Everyone who waits on one channel. */
export interface Line {
  readonly places: Place[];
}

/** A waiter's place in the line of one of its channels. It knows where it stands, so that leaving is O(1). */
interface Place {
  readonly waiter: Waiter;
  readonly channel: Watched;
  index: number;
}

/** What a reader waits for, and how. */
export interface Wait<C extends Watched, A, T> extends Reading {
  /** Each channel once. */
  readonly channels: readonly C[];
  /** When to give up, by the monotonic clock; may be Infinity. */
  readonly deadline: number;
  readonly signal: AbortSignal | undefined;
  /** What the reader gets of an answer. */
  readonly form: (answer: A) => T;
}

const DETACHED = -1;

/** Parked polls. Waking one costs the same however many channels it waits on, and with however many others. */
export class Waiters<C extends Watched, A> {
  readonly #answering: Answering<C, A>;
  readonly #deadlines: Deadlines<Waiter>;
  readonly #signals: Signals<Waiter>;

  constructor(clock: Clock, answering: Answering<C, A>) {
    this.#answering = answering;
    this.#deadlines = new Deadlines<Waiter>(clock, (due) => this.#giveUp(due));
    this.#signals = new Signals<Waiter>((waiter, reason) => {
      this.#leave(waiter);
      waiter.deferred.reject(reason);
    });
  }

  get size(): number {
    return this.#deadlines.size;
  }

  /** Waits until one of the channels is touched or the time is up. Rejects with the signal's reason. */
  park<T>(wait: Wait<C, A, T>): Promise<T> {
    const deferred = pDefer<T>();
    // One class of waiters serves every T and A: `form` and `deferred` of one waiter always fit each other.
    const waiter = new Waiter(wait, deferred as DeferredPromise<unknown>, wait.form as (answer: unknown) => unknown);
    for (const channel of wait.channels) waiter.places.push(enter({ waiter, channel, index: 0 }));
    this.#deadlines.add(waiter, wait.deadline);
    if (waiter.signal !== undefined) this.#signals.add(waiter.signal, waiter);
    return deferred.promise;
  }

  /**
   * Answers those who wait on the touched channels, each once. Those whose answer is the same share it.
   */
  wake(touched: ReadonlySet<C>): void {
    const answers = new Answers(touched, this.#answering);
    for (const channel of touched) {
      const line = channel.watch;
      if (line === undefined) continue;
      channel.watch = undefined;
      for (const place of line.places) this.#answer(place, channel, answers);
      if (channel.watch === undefined) this.#answering.left(channel);
    }
  }

  /** Answers everyone who waits, with nothing. */
  close(): void {
    this.#giveUp(this.#deadlines.drain());
    this.#deadlines.close();
  }

  #answer(place: Place, channel: C, answers: Answers<C, A>): void {
    const { waiter } = place;
    const channels = waiter.places as unknown as readonly { readonly channel: C }[]; // it was parked on C's
    const answer = answers.to(waiter, channel, channels);
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
    for (const place of waiter.places) {
      if (place.index !== DETACHED && step(place)) this.#answering.left(place.channel as C); // as in #answer
    }
  }
}

class Waiter implements Due, Reading {
  bucket: Bucket | undefined = undefined;
  slot = 0;
  readonly places: Place[] = [];
  readonly limit: number;
  readonly exact: boolean;
  readonly signal: AbortSignal | undefined;
  readonly deferred: DeferredPromise<unknown>;
  readonly form: (answer: unknown) => unknown;

  constructor(
    wait: Reading & { readonly signal: AbortSignal | undefined },
    deferred: DeferredPromise<unknown>,
    form: (answer: unknown) => unknown,
  ) {
    this.limit = wait.limit;
    this.exact = wait.exact;
    this.signal = wait.signal;
    this.deferred = deferred;
    this.form = form;
  }
}

// What cannot be brought into a reader's form, such as a stored message that is no JSON, is that reader's error alone.
function settle(waiter: Waiter, answer: unknown): void {
  try {
    waiter.deferred.resolve(waiter.form(answer));
  } catch (error) {
    waiter.deferred.reject(error);
  }
}

/** Puts a place at the end of its channel's line. */
function enter(place: Place): Place {
  const { channel } = place;
  channel.watch ??= { places: [] };
  place.index = channel.watch.places.push(place) - 1;
  return place;
}

/** Takes a place out of its channel's line; true when it was the last. */
function step(place: Place): boolean {
  const { channel, index } = place;
  const places = channel.watch!.places; // whoever has a place stands in its channel's line
  const moved = places.pop()!;
  if (moved !== place) {
    places[index] = moved;
    moved.index = index;
  }
  if (places.length > 0) return false;
  channel.watch = undefined;
  return true;
}
