/** Reports what fails in the background once, until it works again. */
export class Outage {
  readonly #report: (error: Error) => void;
  readonly #explain: (error: unknown) => Error | undefined;
  #reported = false;

  /** `explain` says what is to be reported of an error; nothing of one that is no trouble. */
  constructor(report: (error: Error) => void, explain: (error: unknown) => Error | undefined) {
    this.#report = report;
    this.#explain = explain;
  }

  failed(error: unknown): void {
    const explained = this.#explain(error);
    if (explained === undefined || this.#reported) return;
    this.#reported = true;
    this.#report(explained);
  }

  worked(): void {
    this.#reported = false;
  }
}
