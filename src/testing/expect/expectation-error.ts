/** A method of the fake bus, below which nobody wants to see the stack. */
export type Caller = (...args: never[]) => unknown;

/** What runners show beside the message. */
export interface Difference {
  readonly expected: unknown;
  readonly actual: unknown;
}

/** A failed expectation. Its stack begins where the test expected, and runners show how `expected` differs from `actual`. */
export class ExpectationError extends Error {
  readonly expected: unknown;
  readonly actual: unknown;

  constructor(message: string, caller?: Caller, difference?: Difference) {
    super(message);
    this.name = "ExpectationError";
    this.expected = difference?.expected;
    this.actual = difference?.actual;
    if (caller !== undefined) Error.captureStackTrace(this, caller);
  }
}
