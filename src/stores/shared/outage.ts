import type { StoreSink } from "../../store.ts";

/** Reports a failure in the background once, until the work succeeds again. */
export class Outage {
  readonly #report: (error: Error) => void;
  readonly #explain: (error: unknown) => Error | undefined;
  #isReported = false;

  /** `explain` makes the error to report, or undefined for an error that needs no report. */
  constructor(report: (error: Error) => void, explain: (error: unknown) => Error | undefined) {
    this.#report = report;
    this.#explain = explain;
  }

  /** An outage that tells a sink. */
  static of(sink: StoreSink, explain: (error: unknown) => Error | undefined): Outage {
    return new Outage((error) => sink.error(error), explain);
  }

  /** Begins an outage. Reports its first error only. */
  begin(error: unknown): void {
    const explained = this.#explain(error);
    if (explained === undefined || this.#isReported) return;
    this.#isReported = true;
    this.#report(explained);
  }

  /** Ends the outage: the work succeeded. */
  end(): void {
    this.#isReported = false;
  }
}
