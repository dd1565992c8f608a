import { BusError } from "../errors.ts";
import type { Batch, Notification } from "../notification.ts";
import { callbacks, unlessAborted } from "../util/signals.ts";
import { isThenable } from "../util/thenable.ts";

/** The position of a subscription, and its way to read on. */
export interface SubscriptionOptions<N> {
  /** Waits without limit for rows after `last`. */
  readonly poll: (last: number, signal: AbortSignal) => Promise<Batch<N>>;
  /** The position to start at. */
  readonly last: number | Promise<number>;
  readonly signal: AbortSignal | undefined;
  readonly onMissed: ((last: number) => unknown) | undefined;
}

/**
 * A loop of polls as an async iterator. A subscription reads nothing ahead: rows that a slow consumer has yet to take
 * wait in the log.
 */
export class Subscription<N = Notification> implements AsyncIterableIterator<N>, AsyncDisposable {
  readonly #options: SubscriptionOptions<N>;
  readonly #end = new AbortController();
  #last: number | Promise<number>;
  #batch: Batch<N> | undefined;
  #taken = 0;
  #turn: Promise<unknown> = Promise.resolve();

  constructor(options: SubscriptionOptions<N>) {
    this.#options = options;
    this.#last = options.last;
    if (typeof this.#last !== "number") this.#last.catch(() => {}); // `next` rejects with the same error
    if (options.signal === undefined) return;
    callbacks.add(options.signal, this.#stop);
    if (options.signal.aborted) this.#stop();
  }

  [Symbol.asyncIterator](): this {
    return this;
  }

  /** Returns the next notification. Overlapping calls are answered in turn. */
  next(): Promise<IteratorResult<N, undefined>> {
    const result = this.#turn.then(() => this.#advance());
    this.#turn = result.catch(() => {});
    return result;
  }

  /** Ends the loop, even while it waits. */
  async return(): Promise<IteratorResult<N, undefined>> {
    this.#stop();
    return { done: true, value: undefined };
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#stop();
  }

  readonly #stop = (): void => {
    const { signal } = this.#options;
    if (signal !== undefined) callbacks.remove(signal, this.#stop);
    this.#end.abort();
  };

  async #advance(): Promise<IteratorResult<N, undefined>> {
    try {
      while (!this.#end.signal.aborted) {
        const next = this.#batch?.[this.#taken];
        if (next !== undefined) {
          this.#taken += 1;
          return { done: false, value: next };
        }
        await this.#fetch();
      }
    } catch (error) {
      if (!this.#end.signal.aborted) {
        this.#stop();
        if (!(error instanceof BusError && error.code === "closed")) throw error;
      }
    }
    return { done: true, value: undefined };
  }

  async #fetch(): Promise<void> {
    const { onMissed, poll } = this.#options;
    const { signal } = this.#end;
    const last = typeof this.#last === "number" ? this.#last : await unlessAborted(this.#last, signal);
    const batch = await poll(last, signal);
    this.#last = batch.last;
    this.#batch = batch;
    this.#taken = 0;
    if (!batch.missed) return;
    if (onMissed === undefined) {
      const advice = "give onMissed, and load the present state there";
      throw new BusError("missed", `what followed ${last} is no longer retained: ${advice}`);
    }
    const told = onMissed(last);
    if (isThenable(told)) await unlessAborted(Promise.resolve(told), signal);
  }
}
