import { asError, type BusError } from "../../errors.ts";
import { type Failure, failuresOf } from "../shared/failures.ts";
import { RETRY_FOR } from "../shared/retry.ts";
import { resultCodeOf } from "./drivers/result-codes.ts";

/** The application kept its own transaction open for too long. No work began. */
export class Occupied extends Error {
  constructor() {
    super(`your own transaction on this handle was open for more than ${RETRY_FOR / 1000} s`);
  }
}

/** Makes a `store` error of an error of SQLite. */
export const { failure } = failuresOf(classify);

// No kind asks for a retry, since the transactions have retried before.
function classify(cause: unknown): Failure {
  if (isBusy(cause)) {
    const reason = `it was locked by somebody else for more than ${RETRY_FOR / 1000} s`;
    return { kind: "unreachable", retry: "none", cause, reason };
  }
  if (cause instanceof Occupied) return { kind: "unreachable", retry: "none", cause };
  const isLost = resultCodeOf(cause) === "io"; // the commit may have reached the disk
  return { kind: isLost ? "lost" : "refused", retry: "none", cause, reason: asError(cause).message };
}

/** The error to report of work in the background. Undefined for a lock, since the next look comes soon. */
export function explain(error: unknown): BusError | undefined {
  return isLocked(error) ? undefined : failure("SQLite failed in the background", error);
}

/** True if the database is busy, or the application's own transaction is open. A retry may succeed. */
export function isLocked(error: unknown): boolean {
  return isBusy(error) || error instanceof Occupied;
}

/** True if another connection holds a lock, or the application's own runs a statement. */
function isBusy(error: unknown): boolean {
  return resultCodeOf(error) === "busy";
}
