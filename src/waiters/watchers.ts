import { type Answering, Answers, type Numbered, type Reading, type Waiting } from "./answers.ts";

const EVERYTHING: Reading = {
  limit: Number.POSITIVE_INFINITY,
  size: Number.POSITIVE_INFINITY,
  exact: true,
};
const NOTHING: ReadonlySet<never> = new Set();

/** A channel that stays known for as long as somebody watches it. */
export interface Watchable extends Numbered {
  watchers: number;
}

/** Is handed what came on its channels in one tick, without a promise for each notification. If it throws, no other is stopped. */
export type Watcher<A> = (answer: A) => void;

interface Watching<C extends Watchable, A> extends Waiting<C> {
  readonly watcher: Watcher<A>;
  /** The wake-up in which it was handed something last: it may stand on several of the touched channels. */
  woken: number;
}

/** Those who watch channels until they stop. The ones that watch the same channels are handed the same answer. */
export class Watchers<C extends Watchable, A> {
  readonly #answering: Answering<C, A>;
  readonly #answers: Answers<C, A>;
  readonly #failed: (thrown: unknown) => void;
  readonly #of = new Map<C, Set<Watching<C, A>>>();
  #wakes = 0;

  /** `failed` is told what watchers throw. */
  constructor(answering: Answering<C, A>, failed: (thrown: unknown) => void) {
    this.#answering = answering;
    this.#answers = new Answers(answering);
    this.#failed = failed;
  }

  /** Watches these channels, at least one, and returns how to stop, which may be called twice. */
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

  /** Hands each of those who watch the touched channels what came on its own, and returns how many that were. */
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
    const watchings = this.#of.get(channel)!; // it was put there by #enter
    watchings.delete(watching);
    if (watchings.size > 0) return;
    this.#of.delete(channel);
    this.#answering.left(channel);
  }
}
