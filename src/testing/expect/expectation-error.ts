/** A method of the fake bus. Stack traces end above it. */
export type Caller = (...args: never[]) => unknown;

/** The values that runners show beside the message. */
export interface Difference {
  /** The value that the test states. */
  readonly expected: unknown;
  /** The value that the bus has. */
  readonly actual: unknown;
}

/**
 * A failed expectation. Its stack begins at the expectation in the test, and runners show the difference of `expected`
 * and `actual`.
 */
export class ExpectationError extends Error {
  /** The value that the test states. */
  readonly expected: unknown;
  /** The value that the bus has. */
  readonly actual: unknown;

  constructor(message: string, caller?: Caller, difference?: Difference) {
    super(message);
    this.name = "ExpectationError";
    this.expected = difference?.expected;
    this.actual = difference?.actual;
    if (caller !== undefined) Error.captureStackTrace(this, caller);
  }
}
