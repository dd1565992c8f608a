import { asError } from "../../errors.ts";
import { type Failure, failuresOf, reasonOf, Unreachable } from "../shared/failures.ts";

/**
 * Classes of SQLSTATE that leave the outcome unknown. The connection or the server was going down, or a pooler gives no
 * reason.
 */
const UNKNOWN = ["08", "57", "58", "XX"];

/** The session is read-only. The server refused the statement before it wrote anything. */
const READ_ONLY = "25006";

/** Another session holds a lock. The statement waited for it, and did nothing. */
const LOCKED = "55P03";

/** A timeout of the application cancelled the statement. Its connection still works. */
const CANCELLED = "57014";

/** Errors of connecting that no retry mends: the role, the database, the rights. */
const FINAL = ["28", "3D", "42"];

/** The tables, the functions or the counter are missing. */
const MISSING = ["42P01", "3F000", "42883", "P0002"];

/** The commit met another one, and did nothing. Only a stricter isolation than nightbus needs leads to it. */
const CONFLICT = ["40001", "40P01"];

/** An earlier statement of the transaction failed. */
const SPOILT = "25P02";

/** Refusals of a commit that are not due to what the transaction wrote: conflicts, and a server without room or in use. */
const NOT_OF_WORK = /^(40|53|55P03|55006|57014)/;

/** The decisions that follow from errors of pg. */
export const { failure, isLost, mayCommitAgain, mayReadAgain } = failuresOf(classify);

function classify(error: unknown): Failure {
  if (error instanceof Unreachable) return unreachable(error);
  const state = sqlState(error);
  if (state === READ_ONLY) return { kind: "read-only", retry: "all", cause: error };
  if (state === LOCKED) return { kind: "unreachable", retry: "none", cause: error };
  if (state === undefined || isUnknown(state)) return { kind: "lost", retry: "reads", cause: error };
  return { kind: "refused", retry: CONFLICT.includes(state) ? "all" : "none", cause: error };
}

function unreachable({ cause }: Unreachable): Failure {
  const state = sqlState(cause);
  const isFinal = state !== undefined && FINAL.includes(state.slice(0, 2));
  return { kind: "unreachable", retry: isFinal ? "none" : "all", cause, reason: reasonOf(asError(cause)) };
}

/** The SQLSTATE of an error that the server itself has answered. */
export function sqlState(error: unknown): string | undefined {
  const { code, severity } = Object(error) as { code?: unknown; severity?: unknown };
  return typeof code === "string" && typeof severity === "string" ? code : undefined;
}

/** True if the role lacks a right. */
export function isForbidden(error: unknown): boolean {
  return sqlState(error) === "42501";
}

/** True if the session cannot write, as on a standby, or on the old primary after a failover. */
export function isReadOnly(error: unknown): boolean {
  return sqlState(error) === READ_ONLY;
}

/** True if the connection is of no use after this error. Another connection may lead to a better server. */
export function condemns(error: unknown): boolean {
  const state = sqlState(error);
  if (state === undefined || isReadOnly(error)) return true;
  const { severity } = error as { severity?: unknown };
  return severity === "FATAL" || severity === "PANIC" || (isUnknown(state) && state !== CANCELLED);
}

/** True if the statement needs a transaction, and none has begun. */
export function isOutside(error: unknown): boolean {
  return sqlState(error) === "25P01";
}

/** True if an earlier statement of the transaction failed, so that nothing can be committed. */
export function isSpoilt(error: unknown): boolean {
  return sqlState(error) === SPOILT;
}

/** True if a commit was refused for what the transaction wrote, as by a deferred constraint or trigger. */
export function refusesWork(error: unknown): boolean {
  return !condemns(error) && !NOT_OF_WORK.test(sqlState(error) ?? "");
}

/** True if the log is gone. */
export function isLogGone(error: unknown): boolean {
  return MISSING.includes(sqlState(error) ?? "");
}

function isUnknown(state: string): boolean {
  return UNKNOWN.includes(state.slice(0, 2));
}
