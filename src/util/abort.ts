/** The part of an AbortSignal that the bus needs to end a wait. */
export interface Signal {
  readonly aborted: boolean;
  readonly reason: unknown;
  addEventListener(type: "abort", listener: Listener): void;
  removeEventListener(type: "abort", listener: Listener): void;
}

type Listener = (event: { readonly target: unknown }) => void;

/** A signal for one listener in most cases, which needs no list. An AbortSignal weighs twenty times as much. */
export class LoneSignal implements Signal {
  aborted = false;
  reason: unknown = undefined;
  #listeners: Listener | Listener[] | undefined = undefined;
  #aborted: ((item: never, reason: unknown) => void) | undefined = undefined;
  #item: unknown = undefined;

  addEventListener(_: "abort", listener: Listener): void {
    const known = this.#listeners;
    if (known === undefined) this.#listeners = listener;
    else if (Array.isArray(known)) this.#listeners = known.includes(listener) ? known : [...known, listener];
    else if (known !== listener) this.#listeners = [known, listener];
  }

  removeEventListener(_: "abort", listener: Listener): void {
    const known = this.#listeners;
    if (known === listener) this.#listeners = undefined;
    else if (Array.isArray(known)) this.#listeners = known.filter((one) => one !== listener);
  }

  /** Calls `aborted` with the item and the reason, as the listener of one item. A closure would weigh more. */
  attach<T>(aborted: (item: T, reason: unknown) => void, item: T): void {
    if (this.#aborted !== undefined) {
      this.addEventListener("abort", () => aborted(item, this.reason));
      return;
    }
    this.#aborted = aborted;
    this.#item = item;
  }

  /** Removes all listeners. */
  forget(): void {
    this.#listeners = undefined;
    this.#aborted = undefined;
    this.#item = undefined;
  }

  /** Calls all listeners in their order. A second call does nothing. */
  abort(reason: unknown): void {
    if (this.aborted) return;
    this.aborted = true;
    this.reason = reason;
    const known = this.#listeners ?? []; // a listener may remove all
    this.#aborted?.(this.#item as never, reason); // `attach` got both together
    for (const listener of Array.isArray(known) ? known : [known]) listener({ target: this });
  }
}
