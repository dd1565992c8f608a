import type { StoreSink } from "../../store.ts";

/**
 * Reports a failure in the background once, until the work succeeds again. Work of several parts, such as looking and
 * listening, has one outage, which any part begins. A part that goes on failing begins no other.
 */
export class Outage {
  readonly #report: (error: Error) => void;
  readonly #explain: (error: unknown) => Error | undefined;
  readonly #failing = new Set<string>();
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

  /** Notes that a part fails. Reports the first error of an outage only. */
  begin(error: unknown, part = ""): void {
    const explained = this.#explain(error);
    if (explained === undefined || this.#failing.has(part)) return;
    this.#failing.add(part);
    if (this.#isReported) return;
    this.#isReported = true;
    this.#report(explained);
  }

  /** Notes that a part has succeeded. */
  end(part = ""): void {
    this.#failing.delete(part);
    this.#isReported = false;
  }
}
