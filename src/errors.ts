/**
 * What went wrong, as a stable word.
 *
 * - `closed`: the bus was closed before the call.
 * - `bad_channel`, `bad_message`, `bad_last`, `bad_timeout`, `bad_limit`, `bad_option`: an argument is not what it has to be.
 * - `bad_transaction`: `sendwithin` was given what is no open transaction of the bus's store, or the store has none.
 * - `missed`: a subscription without `onMissed` met a gap in the history.
 * - `store`: the store could not be opened, read or written.
 */
export type BusErrorCode =
  | "closed"
  | "bad_channel"
  | "bad_message"
  | "bad_last"
  | "bad_timeout"
  | "bad_limit"
  | "bad_option"
  | "bad_transaction"
  | "missed"
  | "store";

export interface BusErrorOptions extends ErrorOptions {
  /** For `store`: true when it is certain that nothing of what was asked has been committed. */
  readonly refused?: boolean;
  /** For `store`: true when the store could not be used at all, whatever was asked, as while it is locked. */
  readonly unavailable?: boolean;
}

const BRAND = Symbol.for("nightbus.error");

/**
 * The one error of nightbus: a stable `code`, a sentence that says what was given and what to do, and the `cause`. `instanceof`
 * also knows an error of another copy of nightbus.
 */
export class BusError extends Error {
  static override [Symbol.hasInstance](value: unknown): boolean {
    // biome-ignore lint/complexity/noThisInStatic: a subclass inherits this, and has instances of its own.
    if (this !== BusError) return Function.prototype[Symbol.hasInstance].call(this, value);
    return (Object(value) as { readonly [BRAND]?: unknown })[BRAND] === true;
  }

  readonly code: BusErrorCode;
  /**
   * True when nothing of the rejected call was committed. False only for a `store` error whose outcome is unknown, because
   * the answer was lost on the way: such a send may have been committed, whole if so.
   */
  readonly refused: boolean;
  /** True when the store could not be used at all, whatever was asked: it was locked or cut off. The same call may work later. */
  readonly unavailable: boolean;

  constructor(code: BusErrorCode, message: string, options: BusErrorOptions = {}) {
    super(message, "cause" in options ? { cause: options.cause } : undefined);
    this.name = "BusError";
    this.code = code;
    this.refused = options.refused ?? code !== "store";
    this.unavailable = options.unavailable ?? false;
  }

  get [BRAND](): true {
    return true;
  }
}

/** What is said to whoever uses a bus after its end. */
export function closed(): BusError {
  return new BusError("closed", "the bus is closed; create a new one");
}

/** What is said to whoever would send within a transaction that the store cannot know. */
export function noTransactions(): BusError {
  return new BusError(
    "bad_transaction",
    "this bus's store cannot take part in a transaction of yours: use nightbus/sqlite or nightbus/postgres, or send after the commit",
  );
}

/** What was given, short enough for a sentence. */
export function given(value: unknown): string {
  if (typeof value === "string") return quote(value);
  if (typeof value === "bigint") return `${value}n`;
  if (typeof value === "function") return "a function";
  if (value instanceof Error) return describeError(value);
  if (Array.isArray(value) && value.length === 0) return "an empty list";
  if (typeof value === "object" && value !== null) return describe(value);
  return String(value);
}

function quote(text: string): string {
  return JSON.stringify(text.length > 60 ? `${text.slice(0, 60)}…` : text);
}

function describeError(error: Error): string {
  try {
    return String(error);
  } catch {
    return "an error that says nothing";
  }
}

function describe(value: object): string {
  try {
    const text = JSON.stringify(value) ?? "an object";
    return text.length > 60 ? `${text.slice(0, 60)}…` : text;
  } catch {
    return "an object that cannot be written as JSON";
  }
}

/** Anything that was thrown, as an Error. */
export function asError(thrown: unknown): Error {
  return thrown instanceof Error ? thrown : new Error(`thrown: ${given(thrown)}`, { cause: thrown });
}

/** What a store threw, as the error that those get who asked for something. */
export function asStoreError(thrown: unknown, sentence = "the store failed"): BusError {
  if (thrown instanceof BusError) return thrown;
  return new BusError("store", `${sentence}: ${asError(thrown).message}`, { cause: thrown });
}

/** The error of work, for those whose own was not even begun for it: of theirs it is certain that nothing was committed. */
export function notBegun(error: BusError): BusError {
  if (error.refused) return error;
  const { message, cause = error, unavailable } = error;
  return new BusError("store", message, { cause, refused: true, unavailable });
}
