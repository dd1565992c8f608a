import { type Answering, Answers, type Numbered, type Reading, type Waiting } from "./answers.ts";
import { Turns } from "./turns.ts";

const EVERYTHING: Reading = {
  limit: Number.POSITIVE_INFINITY,
  size: Number.POSITIVE_INFINITY,
  exact: true,
};

/** A channel that stays known while a reader watches it. */
export interface Watchable extends Numbered {
  watchers: number;
}

/** A reader that watches channels. */
export interface Watcher<A> {
  /** Receives the rows of its channels from one tick. A watcher that throws stops no other. */
  hear(answer: A): void;
}

/** The place of a watcher, by which it stops. */
export interface Watching<C extends Watchable, A> extends Waiting<C> {
  readonly watcher: Watcher<A>;
  /** The number of the wake-up that reached it last. A watcher may stand on several of the touched channels. */
  woken: number;
  /** The id after which it hears the news in a later turn; `UP_TO_DATE` if it has them. */
  after: number;
}

/** A watcher that has all the news. */
export const UP_TO_DATE = Number.POSITIVE_INFINITY;

/**
 * Readers that watch channels until they stop. Readers of the same channels share one answer. A crowd is told in slices. After the
 * first `SLICE` of a turn, a watcher waits for a later turn, and then gets all that came on its channels until then.
 */
export class Watchers<C extends Watchable, A> {
  readonly #answering: Answering<C, A>;
  readonly #answers: Answers<C, A>;
  readonly #failed: (thrown: unknown) => void;
  readonly #of = new Map<C, Set<Watching<C, A>>>();
  #wakes = 0;
  /** The watchers that are told later, in the order of their turns. The list before `#next` is done. */
  #queue: Watching<C, A>[] = [];
  #next = 0;
  readonly #turns = new Turns({
    isWaiting: () => this.#queue.length > 0,
    serve: (most) => this.#answering.inTurn(() => this.#tellQueued(most)),
  });

  /** `failed` receives the errors of watchers. */
  constructor(answering: Answering<C, A>, failed: (thrown: unknown) => void) {
    this.#answering = answering;
    this.#answers = new Answers(answering);
    this.#failed = failed;
  }

  /** Watches these channels, at least one, until `remove`. */
  add(channels: readonly C[], watcher: Watcher<A>): Watching<C, A> {
    const [channel, ...rest] = channels.map((each) => ({ channel: each }));
    const others = rest.length === 0 ? undefined : rest;
    // A watcher that is added during a wake-up has read the rows of that tick.
    const watching = { watcher, woken: this.#wakes, after: UP_TO_DATE, channel: channel!.channel, others };
    for (const each of channels) this.#enter(each, watching);
    return watching;
  }

  /** Stops a watcher. A second call does nothing. */
  remove(watching: Watching<C, A>): void {
    if (this.#of.get(watching.channel)?.has(watching) !== true) return;
    watching.after = UP_TO_DATE;
    this.#leave(watching.channel, watching);
    for (const { channel } of watching.others ?? []) this.#leave(channel, watching);
  }

  /** The id after which watchers have yet to be told; Infinity if none has. */
  get toldAfter(): number {
    while (this.#queue[this.#next]?.after === UP_TO_DATE) this.#next += 1; // these have stopped
    return this.#queue[this.#next]?.after ?? UP_TO_DATE;
  }

  /**
   * Hands each watcher of the touched channels the rows of its own channels. Returns the number of watchers that it told. Later
   * turns tell the rest of a crowd.
   */
  wake(touched: ReadonlySet<C>): number {
    if (this.#of.size === 0) return 0;
    const { before } = this.#answering;
    let woken = 0;
    this.#answers.begin(touched, before);
    this.#wakes += 1;
    for (const channel of touched) {
      for (const watching of this.#of.get(channel) ?? []) {
        if (watching.woken === this.#wakes) continue;
        watching.woken = this.#wakes;
        if (watching.after !== UP_TO_DATE) continue; // its turn will come
        if (this.#turns.left > 0 && this.#queue.length === 0) woken += this.#tell(watching, channel);
        else {
          watching.after = before;
          this.#queue.push(watching);
        }
      }
    }
    this.#answers.begin(undefined, 0);
    this.#turns.ask();
    return woken;
  }

  /** Tells now all watchers that would be told in a later turn. */
  flush(): void {
    if (this.#queue.length > 0) this.#answering.inTurn(() => this.#tellQueued(Number.POSITIVE_INFINITY));
  }

  /** Tells at most so many of those who wait for their turn, in its order. Returns their number. */
  #tellQueued(most: number): number {
    let told = 0;
    let after = UP_TO_DATE;
    while (told < most && this.#next < this.#queue.length) {
      const watching = this.#queue[this.#next++]!;
      if (watching.after === UP_TO_DATE) continue; // this one has stopped
      if (watching.after !== after) this.#answers.begin(undefined, watching.after);
      ({ after } = watching);
      watching.after = UP_TO_DATE;
      told += this.#tell(watching, watching.channel);
    }
    this.#answers.begin(undefined, 0);
    // Under constant sends the queue is never empty, so the part that is done is dropped before the rest is told.
    if (this.#next * 2 >= this.#queue.length) {
      this.#queue = this.#queue.slice(this.#next);
      this.#next = 0;
    }
    return told;
  }

  /** Returns how many were told: 1, or 0 if the news does not concern this watcher. */
  #tell(watching: Watching<C, A>, channel: C): number {
    const answer = this.#answers.to(EVERYTHING, channel, watching);
    if (answer === undefined) return 0;
    this.#turns.spend(1);
    this.#hand(watching, answer);
    return 1;
  }

  #hand({ watcher }: Watching<C, A>, answer: A): void {
    try {
      watcher.hear(answer);
    } catch (thrown) {
      this.#failed(thrown);
    }
  }

  #enter(channel: C, watching: Watching<C, A>): void {
    channel.watchers += 1;
    const known = this.#of.get(channel);
    if (known === undefined) this.#of.set(channel, new Set([watching]));
    else known.add(watching);
  }

  #leave(channel: C, watching: Watching<C, A>): void {
    channel.watchers -= 1;
    const watchings = this.#of.get(channel)!; // #enter put it there
    watchings.delete(watching);
    if (watchings.size > 0) return;
    this.#of.delete(channel);
    this.#answering.left(channel);
  }
}
