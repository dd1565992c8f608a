import type { Clock } from "../util/clock.ts";
import { Deadlines } from "../util/deadlines.ts";
import { Signals } from "../util/signals.ts";
import { type Answering, Answers, type Waiting } from "./answers.ts";
import { CalledLines } from "./called-lines.ts";
import { Turns } from "./turns.ts";
import { DETACHED, enter, type Manner, type Place, step, stepFrom, type Wait, Waiter, type Watched } from "./waiter.ts";

/**
 * Parked polls. The cost of waking one does not grow with the number of other polls and of their channels.
 *
 * A crowd is answered in slices. Its line is called at once, and later polls wait in another line. A waiter in a called line gets
 * all that came on its channels until its turn.
 */
export class Waiters<C extends Watched, A> {
  readonly #answering: Answering<C, A>;
  readonly #answers: Answers<C, A>;
  readonly #deadlines: Deadlines<Waiter>;
  readonly #signals: Signals<Waiter>;
  readonly #called = new CalledLines();
  readonly #turns = new Turns({
    isWaiting: () => this.#called.oldest !== undefined,
    serve: (most) => this.#answering.inTurn(() => this.#answerCalled(most)),
  });
  #manner: Manner | undefined;

  constructor(clock: Clock, answering: Answering<C, A>) {
    this.#answering = answering;
    this.#answers = new Answers(answering);
    this.#deadlines = new Deadlines<Waiter>(clock, (due) => {
      answering.endTick(); // an answer with nothing would skip the commits of this tick
      this.#giveUp(due);
    });
    this.#signals = new Signals<Waiter>((waiter, reason) => {
      this.#leave(waiter);
      waiter.resolve(Promise.reject(reason));
    });
  }

  get size(): number {
    return this.#deadlines.size;
  }

  /** The id after which waiters of called lines have yet to be answered; Infinity if no line is called. */
  get calledAfter(): number {
    return this.#called.oldest?.after ?? Number.POSITIVE_INFINITY;
  }

  /** Waits until a channel is touched or the time is up. Rejects with the signal's reason. */
  park<T>(wait: Wait<C, A, T>): Promise<T> {
    const manner = this.#mannerOf(wait as Wait<C, unknown, T>); // `form` and `resolve` of one waiter fit each other

    // A rejection resolves with a rejected promise, because to keep `reject` would take 64 bytes while the poll is parked.
    return new Promise<T>((resolve) => {
      const waiter = new Waiter(wait, manner, resolve as (value: unknown) => void); // as above
      this.#deadlines.add(waiter, wait.deadline);
      if (waiter.signal !== undefined) this.#signals.add(waiter.signal, waiter);
    });
  }

  /**
   * Answers the waiters of the touched channels, each once. Waiters with the same answer share it. After the first `SLICE` of a
   * turn, later turns answer the others.
   */
  wake(touched: ReadonlySet<C>): void {
    const { before } = this.#answering;
    this.#answers.begin(touched, before);
    for (const channel of touched) {
      const line = channel.watch;
      if (line === undefined) continue;
      channel.watch = undefined;
      const count = this.#called.oldest === undefined ? Math.min(line.length, this.#turns.left) : 0;
      for (let at = 0; at < count; at += 1) this.#answer(line[at]!, channel);
      this.#turns.spend(count);
      if (count < line.length) this.#called.add({ channel, line, after: before, next: count });
      if (channel.watch === undefined) this.#answering.left(channel);
    }
    this.#answers.begin(undefined, 0);
    this.#turns.ask();
  }

  /** Answers now all waiters who would be answered in a later turn. */
  flush(): void {
    if (this.#called.oldest !== undefined) this.#answering.inTurn(() => this.#answerCalled(Number.POSITIVE_INFINITY));
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

  /** Reaches at most so many waiters of called lines, the oldest first. Returns how many it answered. */
  #answerCalled(most: number): number {
    const parked = this.size;
    let count = 0;
    for (let called = this.#called.oldest; called !== undefined && count < most; called = this.#called.oldest) {
      const { line, after } = called;
      const channel = called.channel as C; // `wake` put it there
      this.#answers.begin(undefined, after);
      for (; called.next < line.length && count < most; count += 1) this.#answer(line[called.next++]!, channel);
      if (called.next < line.length) break;
      this.#called.dropOldest();
      this.#answering.left(channel);
    }
    this.#answers.begin(undefined, 0);
    this.#turns.spend(count);
    return parked - this.size;
  }

  // Lines are answered in the order of their calls, so that the waiter stands in no line that was called before this one.
  #answer(place: Place, channel: C): void {
    const { waiter } = place;
    place.index = DETACHED;
    const answer = this.#answerTo(waiter, channel);
    if (answer === undefined) {
      enter(place);
      return;
    }
    this.#leave(waiter);
    settle(waiter, answer);
  }

  #giveUp(due: readonly Waiter[]): void {
    const nothing = this.#answering.nothing();
    let begun = Number.POSITIVE_INFINITY;
    for (const waiter of due) {
      const after = this.#calledAfter(waiter);
      if (after !== begun) this.#answers.begin(undefined, after);
      begun = after;
      const answer = after === Number.POSITIVE_INFINITY ? undefined : this.#answerTo(waiter, waiter.channel as C);
      this.#leave(waiter);
      settle(waiter, answer ?? nothing);
    }
    this.#answers.begin(undefined, 0);
  }

  /** Returns the answer to a waiter, shared with those who read alike. */
  #answerTo(waiter: Waiter, channel: C): A | undefined {
    return this.#answers.to(waiter.manner, channel, waiter as unknown as Waiting<C>); // the waiter was parked on channels of type C
  }

  /** Returns the id after which a waiter in called lines has something to hear; Infinity if it stands in none. */
  #calledAfter(waiter: Waiter): number {
    let after = Number.POSITIVE_INFINITY;
    if (this.#called.oldest === undefined) return after;
    for (const place of [waiter, ...(waiter.others ?? [])]) {
      const called = place.index === DETACHED ? undefined : this.#called.of(place);
      if (called !== undefined && called.after < after) after = called.after;
    }
    return after;
  }

  #leave(waiter: Waiter): void {
    this.#deadlines.remove(waiter);
    if (waiter.signal !== undefined) this.#signals.remove(waiter.signal, waiter);
    this.#step(waiter);
    if (waiter.others !== undefined) for (const place of waiter.others) this.#step(place);
  }

  #step(place: Place): void {
    if (place.index === DETACHED) return;
    const called = this.#called.of(place); // undefined if the place stands in its channel's own line
    const isLast = called === undefined && step(place);
    if (called !== undefined) stepFrom(called.line, place);
    place.index = DETACHED; // a waiter may leave twice, when a deadline rings while a tick is open
    if (isLast) this.#answering.left(place.channel as C);
  }
}

// A row that cannot take a reader's form, such as a stored message that is not JSON, fails that reader alone.
function settle(waiter: Waiter, answer: unknown): void {
  try {
    waiter.resolve(waiter.manner.form(answer));
  } catch (error) {
    waiter.resolve(Promise.reject(error));
  }
}
