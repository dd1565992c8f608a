import { asError, BusError } from "../../errors.ts";
import { type Failure, failuresOf, Unreachable } from "../shared/failures.ts";

/** Codes of a server that is not ready, or does not write now. Such a server did nothing, and a retry may succeed. */
const NOT_NOW = ["LOADING", "READONLY", "MASTERDOWN", "CLUSTERDOWN", "TRYAGAIN", "NOREPLICAS", "BUSY", "UNBLOCKED"];

/** Codes of a user or a password that the server refuses. No retry mends them. */
const FINAL = ["WRONGPASS", "NOAUTH", "NOPERM"];

/** The decisions that follow from errors of a client. */
export const { failure, isLost, mayCommitAgain, mayReadAgain } = failuresOf(classify);

function classify(error: unknown): Failure {
  if (error instanceof Unreachable) return unreachable(error);
  const code = replyCode(error);
  if (code === undefined) return { kind: "lost", retry: "reads", cause: error };
  if (NOT_NOW.includes(code)) return { kind: "read-only", retry: "all", cause: error };
  return { kind: "refused", retry: "none", cause: error };
}

function unreachable(error: Unreachable): Failure {
  const { cause = error } = error;
  const isFinal = cause instanceof BusError || FINAL.includes(replyCode(cause) ?? "");
  return { kind: "unreachable", retry: isFinal ? "none" : "all", cause };
}

/** The code of an error that the server itself has answered, such as `OOM`. The server has then done nothing. */
export function replyCode(error: unknown): string | undefined {
  const { message } = asError(error);
  const code = /^([A-Z]{2,}) /.exec(message)?.[1];
  if (code !== "ERR") return code;
  return /Error running script .* -?([A-Z]{3,}) /.exec(message)?.[1] ?? code; // as Redis before 7 says it
}

/** True if the next command needs a new connection, perhaps to another server. */
export function isElsewhere(error: unknown): boolean {
  const code = replyCode(error);
  return code === undefined || NOT_NOW.includes(code);
}
