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
  reason: unknown;
  #listeners: Listener | Listener[] | undefined;

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

  /** Removes all listeners. */
  forget(): void {
    this.#listeners = undefined;
  }

  /** Calls all listeners in their order. A second call does nothing. */
  abort(reason: unknown): void {
    if (this.aborted) return;
    this.aborted = true;
    this.reason = reason;
    const known = this.#listeners ?? [];
    for (const listener of Array.isArray(known) ? known : [known]) listener({ target: this });
  }
}
