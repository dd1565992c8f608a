/** What ends a wait: as much of an AbortSignal as is needed here. */
export interface Signal {
  readonly aborted: boolean;
  readonly reason: unknown;
  addEventListener(type: "abort", listener: (event: { readonly target: unknown }) => void): void;
  removeEventListener(type: "abort", listener: (event: { readonly target: unknown }) => void): void;
}

/** A signal that one listener at a time hears. An AbortSignal weighs twenty times as much. */
export class LoneSignal implements Signal {
  aborted = false;
  reason: unknown;
  #listener: ((event: { readonly target: unknown }) => void) | undefined;

  addEventListener(_: "abort", listener: (event: { readonly target: unknown }) => void): void {
    this.#listener = listener;
  }

  removeEventListener(_: "abort", listener: (event: { readonly target: unknown }) => void): void {
    if (this.#listener === listener) this.#listener = undefined;
  }

  /** Nobody listens any more. */
  forget(): void {
    this.#listener = undefined;
  }

  abort(reason: unknown): void {
    if (this.aborted) return;
    this.aborted = true;
    this.reason = reason;
    this.#listener?.({ target: this });
  }
}
