import { asError, BusError } from "../../errors.ts";
import { RETRY_FOR } from "../shared/retry.ts";

/** What went wrong before anything was sent to the engine, which may pass. */
export class Unreachable extends Error {}

/**
 * Classes of SQLSTATE after which it is not known what the engine has done: the connection, or the engine, was going down, or
 * it says no more than that something went wrong, as poolers do.
 */
const UNKNOWN = ["08", "57", "58", "XX"];

/** The session is read-only: a statement that would write was refused before it wrote anything. */
const READ_ONLY = "25006";

/** Somebody holds a lock: the statement has waited for it, and did nothing. No other would fare better. */
const LOCKED = "55P03";

/** A statement was cancelled, as by a timeout that the application has set: its connection is a good one. */
const CANCELLED = "57014";

/** Errors of connecting that do not pass by themselves: who, which database, what is allowed. */
const FINAL = ["28", "3D", "42"];

/** The tables, the functions or the counter are not there: somebody has dropped or emptied them. */
const GONE = ["42P01", "3F000", "42883", "P0002"];

/** The commit met another one, and did nothing: only where the application has set a stricter isolation for its database. */
const CONFLICT = ["40001", "40P01"];

/** The SQLSTATE of an error that the engine itself has answered. */
export function sqlState(error: unknown): string | undefined {
  const { code, severity } = error as { code?: unknown; severity?: unknown };
  return typeof code === "string" && typeof severity === "string" ? code : undefined;
}

/** True for a failure to connect that may pass. */
export function mayPass(error: unknown): boolean {
  if (!(error instanceof Unreachable)) return false;
  const state = sqlState(error.cause);
  return state === undefined || !FINAL.includes(state.slice(0, 2));
}

/** True for a commit that is to be tried again, since it is proven that nothing was committed. */
export function mayCommitAgain(error: unknown): boolean {
  return mayPass(error) || isReadOnly(error) || CONFLICT.includes(sqlState(error) ?? "");
}

/** True for what the role may not do. */
export function isForbidden(error: unknown): boolean {
  return sqlState(error) === "42501";
}

/** True when the session cannot write, as on a server that was the one that writes, or is not yet. */
export function isReadOnly(error: unknown): boolean {
  return sqlState(error) === READ_ONLY;
}

/** True when a connection is of no use after this error: another may lead to a server that is better. */
export function condemns(error: unknown): boolean {
  const state = sqlState(error);
  if (state === undefined || isReadOnly(error)) return true;
  const { severity } = error as { severity?: unknown };
  return severity === "FATAL" || severity === "PANIC" || (isUnknown(state) && state !== CANCELLED);
}

/** True for reading that is to be tried again: reading twice does no harm. */
export function mayReadAgain(error: unknown): boolean {
  const state = sqlState(error);
  if (error instanceof Unreachable) return mayPass(error);
  if (isReadOnly(error)) return true;
  return state === undefined || isUnknown(state) || CONFLICT.includes(state);
}

/** True for what can only be done inside a transaction. */
export function isOutside(error: unknown): boolean {
  return sqlState(error) === "25P01";
}

/** True when the log is not there any more. */
export function isGone(error: unknown): boolean {
  return GONE.includes(sqlState(error) ?? "");
}

/** A `store` error that says what could not be done, and why. */
export function failure(sentence: string, error: unknown): BusError {
  if (error instanceof BusError) return error;
  if (error instanceof Unreachable) {
    const tried = mayPass(error) ? ` (tried for ${RETRY_FOR / 1000} s)` : "";
    const reason = `${reasonOf(error.cause)}${tried}`;
    return new BusError("store", `${sentence}: ${reason}`, { cause: error.cause, refused: true, unavailable: true });
  }
  const state = sqlState(error);
  const refused = state !== undefined && !isUnknown(state);
  const unavailable = isReadOnly(error) || state === LOCKED;
  const tried = isReadOnly(error) ? ` (tried for ${RETRY_FOR / 1000} s)` : "";
  return new BusError("store", `${sentence}: ${reasonOf(error)}${tried}`, { cause: error, refused, unavailable });
}

function isUnknown(state: string): boolean {
  return UNKNOWN.includes(state.slice(0, 2));
}

// Node says nothing in the message when it has tried several addresses in vain.
function reasonOf(error: unknown): string {
  const { message, code } = asError(error) as Error & { code?: unknown };
  return message === "" ? String(code) : message;
}
