import type { MessageIssue } from "../schema.ts";

/**
 * The kind of an error, as a stable word. A refusal of the server carries the server's own code.
 *
 * - `bad_argument`: an argument is wrong.
 * - `closed`: the client was closed before the call.
 * - `network`: the answer did not come, came late or broke off, or `headers` threw: see `cause`. A send may have been
 * committed.
 * - `http`: the answer is not from a bus, but from a mistyped path, a login page or a proxy. `status` has its status.
 * - `missed`: a subscription without `onMissed` met a loss.
 * - `overflow`: the consumer of a subscription was too slow.
 * - `thrown`: a listener threw; see `cause`.
 */
export type ClientErrorCode =
  | "bad_argument"
  | "closed"
  | "network"
  | "http"
  | "missed"
  | "overflow"
  | "thrown"
  | (string & {});

/**
 * The only error of the client. `code` is a stable word, `status` is the HTTP status of an answer, and the message says
 * what to do.
 */
export class ClientError extends Error {
  /** The name of the class, also in minified code. */
  override readonly name: string = "ClientError";
  /** The kind of the error, as a stable word. */
  declare readonly code: ClientErrorCode;
  /** The status of the answer; undefined without an answer. */
  declare readonly status: number | undefined;
  /** The pause that the server asks for, in ms. */
  declare readonly retryAfter: number;
  /** The parts of a sent message that break the server's contract; undefined otherwise. */
  declare readonly issues?: readonly MessageIssue[] | undefined;

  constructor(
    code: ClientErrorCode,
    message: string,
    cause?: unknown,
    status?: number,
    retryAfter = 0,
    issues?: readonly MessageIssue[],
  ) {
    super(message, { cause });
    this.code = code;
    this.status = status;
    this.retryAfter = retryAfter;
    this.issues = issues;
  }
}

/** Throws unless the condition holds. The error names the wanted and the given value. */
export function must(holds: unknown, wanted: string, given: unknown): void {
  if (!holds) throw new ClientError("bad_argument", `${wanted}: ${String(given)}`);
}

/** Throws unless the name is in the list. */
export function mustBeOneOf(names: string, name: string): void {
  must(names.split(", ").includes(name), `must be one of ${names}`, name);
}

/** Returns the result of the work; undefined if it throws. */
export function quietly<T>(work: () => T): T | undefined {
  try {
    return work();
  } catch {
    return undefined;
  }
}
