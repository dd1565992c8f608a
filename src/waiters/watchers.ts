import { type Answering, Answers, type Numbered, type Reading, type Waiting } from "./answers.ts";

const EVERYTHING: Reading = {
  limit: Number.POSITIVE_INFINITY,
  size: Number.POSITIVE_INFINITY,
  exact: true,
};
const NOTHING: ReadonlySet<never> = new Set();

/** A channel that stays known while a reader watches it. */
export interface Watchable extends Numbered {
  watchers: number;
}

/** Receives the rows of its channels from one tick. A watcher that throws stops no other. */
export type Watcher<A> = (answer: A) => void;

interface Watching<C extends Watchable, A> extends Waiting<C> {
  readonly watcher: Watcher<A>;
  /** The wake-up that handed it something last. A watcher may stand on several of the touched channels. */
  woken: number;
}

/** Readers that watch channels until they stop. Readers of the same channels share one answer. */
export class Watchers<C extends Watchable, A> {
  readonly #answering: Answering<C, A>;
  readonly #answers: Answers<C, A>;
  readonly #failed: (thrown: unknown) => void;
  readonly #of = new Map<C, Set<Watching<C, A>>>();
  #wakes = 0;

  /** `failed` receives the errors of watchers. */
  constructor(answering: Answering<C, A>, failed: (thrown: unknown) => void) {
    this.#answering = answering;
    this.#answers = new Answers(answering);
    this.#failed = failed;
  }

  /** Watches these channels, at least one. Returns a function that stops it, and may be called twice. */
  add(channels: readonly C[], watcher: Watcher<A>): () => void {
    const [channel, ...rest] = channels.map((each) => ({ channel: each }));
    const others = rest.length === 0 ? undefined : rest;
    const watching = { watcher, woken: 0, channel: channel!.channel, others };
    for (const each of channels) this.#enter(each, watching);
    let watches = true;
    return () => {
      if (!watches) return;
      watches = false;
      for (const each of channels) this.#leave(each, watching);
    };
  }

  /** Hands each watcher of the touched channels the rows of its own channels. Returns the number of watchers. */
  wake(touched: ReadonlySet<C>): number {
    if (this.#of.size === 0) return 0;
    let woken = 0;
    this.#answers.begin(touched);
    this.#wakes += 1;
    for (const channel of touched) {
      for (const watching of this.#of.get(channel) ?? []) {
        if (watching.woken === this.#wakes) continue;
        watching.woken = this.#wakes;
        const answer = this.#answers.to(EVERYTHING, channel, watching);
        if (answer === undefined) continue;
        this.#hand(watching, answer);
        woken += 1;
      }
    }
    this.#answers.begin(NOTHING);
    return woken;
  }

  #hand({ watcher }: Watching<C, A>, answer: A): void {
    try {
      watcher(answer);
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
