import type { MessageIssue } from "./schema.ts";

/**
 * The kind of an error, as a stable word.
 *
 * - `closed`: the bus was closed before the call.
 * - `bad_channel`, `bad_message`, `bad_last`, `bad_timeout`, `bad_limit`, `bad_option`: an argument is wrong.
 * - `bad_key`: the key of a send is no text, belongs to a send of other entries, or the store remembers none.
 * - `bad_transaction`: `sendwithin` got no open transaction of the bus's store, or the store has none.
 * - `consumer`: a handler failed in every attempt or did not end, or a consumer lost its lease or its position.
 * - `missed`: a subscription or a consumer without `onMissed` met a loss.
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
  | "bad_key"
  | "bad_transaction"
  | "consumer"
  | "missed"
  | "store";

/** The cause of an error, and what it says of a failed store. */
export interface BusErrorOptions extends ErrorOptions {
  /** For `bad_message`: the parts that break the schema. */
  readonly issues?: readonly MessageIssue[];
  /** For `store`: true if certainly nothing of the call was committed. */
  readonly refused?: boolean;
  /** True if the store could not be used at all, for example while it is locked, or if a schema gave no answer. */
  readonly unavailable?: boolean;
}

const BRAND = Symbol.for("nightbus.error");

/**
 * The only error of nightbus. `code` is a stable word, the message says what was given and what to do, and `cause` is
 * the reason. `instanceof` also recognises an error of another copy of nightbus.
 */
export class BusError extends Error {
  /** Recognises errors of every copy of nightbus. */
  static override [Symbol.hasInstance](value: unknown): boolean {
    // biome-ignore lint/complexity/noThisInStatic: a subclass inherits this, and has instances of its own.
    return isInstance(this, value);
  }

  /** The kind of the error, as a stable word. */
  readonly code: BusErrorCode;
  /**
   * True if nothing of the rejected call was committed. False only for a `store` error with an unknown outcome, because
   * the answer was lost on the way. The send is then committed as a whole, or not at all.
   */
  readonly refused: boolean;
  /**
   * True if the store could not be used at all, because it was locked or cut off, or if a schema gave no answer. The same
   * call may work later.
   */
  readonly unavailable: boolean;
  /** The parts of the message that break the channel's schema, at most 100; undefined for every other error. */
  readonly issues: readonly MessageIssue[] | undefined;

  constructor(code: BusErrorCode, message: string, options: BusErrorOptions = {}) {
    super(message, "cause" in options ? { cause: options.cause } : undefined);
    this.name = "BusError";
    this.code = code;
    this.refused = options.refused ?? code !== "store";
    this.unavailable = options.unavailable ?? false;
    this.issues = options.issues;
  }

  /**
   * The mark by which other copies recognise the error.
   *
   * @internal
   */
  get [BRAND](): true {
    return true;
  }
}

// A class that names itself in its own body is renamed by the build.
function isInstance(type: object, value: unknown): boolean {
  if (type !== BusError) return Function.prototype[Symbol.hasInstance].call(type, value);
  return (Object(value) as { readonly [BRAND]?: unknown })[BRAND] === true;
}

/** Returns true for an error of any realm. Under jest, the errors of Node itself are of another realm. */
export function isError(value: unknown): value is Error {
  if (value instanceof Error) return true;
  return /^\[object (Error|DOMException)\]$/.test(Object.prototype.toString.call(value));
}

/** Returns the error of a call after the end of the bus. */
export function closed(): BusError {
  return new BusError("closed", "the bus is closed; create a new one");
}

/** Returns the error of a send within a transaction that the store cannot know. */
export function noTransactions(): BusError {
  return new BusError(
    "bad_transaction",
    "this bus's store cannot take part in a transaction of yours: use nightbus/sqlite or nightbus/postgres, or send after the commit",
  );
}

/** Returns the error of a send within a transaction whose store writes during the call, and whose schema waits. */
export function waitingSchema(call: string): BusError {
  return new BusError(
    "bad_message",
    `${call} writes during the call, and the schema of this message waits: use a schema that does not`,
  );
}

/** Returns a value as text, short enough for a sentence. */
export function given(value: unknown): string {
  if (typeof value === "string") return quote(value);
  if (typeof value === "bigint") return `${value}n`;
  if (typeof value === "function") return "a function";
  if (isError(value)) return describeError(value);
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

/** Returns any thrown value as an Error. */
export function asError(thrown: unknown): Error {
  return isError(thrown) ? thrown : new Error(`thrown: ${given(thrown)}`, { cause: thrown });
}

/** Returns an error of a store as the `store` error of its caller. */
export function asStoreError(thrown: unknown, sentence = "the store failed"): BusError {
  if (thrown instanceof BusError) return thrown;
  return new BusError("store", `${sentence}: ${asError(thrown).message}`, { cause: thrown });
}

/** Returns the error of work that did not begin, because earlier work failed. Certainly nothing of it was committed. */
export function notBegun(error: BusError): BusError {
  if (error.refused) return error;
  const { message, cause = error, unavailable } = error;
  return new BusError("store", message, { cause, refused: true, unavailable });
}
