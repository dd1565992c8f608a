import { LoneSignal, type Signal } from "./abort.ts";

/**
 * Adds one listener to each abort signal, however many items share the signal. Adding a listener to an AbortSignal gets
 * slower with each listener that it has.
 */
export class Signals<T> {
  readonly #aborted: (item: T, reason: unknown) => void;
  readonly #shared = new WeakMap<Signal, Set<T>>();

  constructor(aborted: (item: T, reason: unknown) => void) {
    this.#aborted = aborted;
  }

  add(signal: Signal, item: T): void {
    if (signal instanceof LoneSignal) {
      signal.attach(this.#aborted, item);
      return;
    }
    const known = this.#shared.get(signal);
    if (known !== undefined) {
      known.add(item);
      return;
    }
    this.#shared.set(signal, new Set([item]));
    signal.addEventListener("abort", this.#listener);
  }

  remove(signal: Signal, item: T): void {
    if (signal instanceof LoneSignal) {
      signal.forget();
      return;
    }
    const items = this.#shared.get(signal);
    if (items === undefined) return;
    items.delete(item);
    if (items.size > 0) return;
    this.#shared.delete(signal);
    signal.removeEventListener("abort", this.#listener);
  }

  readonly #listener = (event: { readonly target: unknown }): void => {
    const signal = event.target as Signal; // only signals are listened to
    const items = this.#shared.get(signal);
    this.#shared.delete(signal);
    signal.removeEventListener("abort", this.#listener);
    for (const item of items ?? []) this.#aborted(item, signal.reason);
  };
}

/** Callbacks of aborted signals, for callers that need no more than a callback. */
export const callbacks = new Signals<() => void>((callback) => callback());

/** Returns the outcome of the work. An abort of the signal rejects at once with its reason. */
export function unlessAborted<T>(work: Promise<T>, signal: Signal | undefined): Promise<T> {
  if (signal === undefined) return work;
  return new Promise((resolve, reject) => {
    const abort = (): void => reject(signal.reason);
    const unlisten = listen(signal, abort);
    // The listener goes before the outcome is known, because a reader that goes on may listen to the same signal.
    const settle =
      <A>(outcome: (value: A) => void): ((value: A) => void) =>
      (value) => {
        unlisten();
        outcome(value);
      };
    work.then(settle(resolve), settle(reject));
    if (signal.aborted) abort();
  });
}

/** Listens until the returned function is called. A lone signal that forgets one listener would forget those of other work too. */
function listen(signal: Signal, abort: () => void): () => void {
  if (signal instanceof LoneSignal) {
    signal.addEventListener("abort", abort);
    return () => signal.removeEventListener("abort", abort);
  }
  callbacks.add(signal, abort);
  return () => callbacks.remove(signal, abort);
}
