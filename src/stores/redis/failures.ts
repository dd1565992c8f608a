import { asError, BusError } from "../../errors.ts";
import { RETRY_FOR } from "../shared/retry.ts";

/** What went wrong before anything was sent to the engine, which may pass. */
export class Unreachable extends Error {}

/** What a server answers that is not ready, or not the one that writes, which may pass; it has done nothing then. */
const NOT_NOW = ["LOADING", "READONLY", "MASTERDOWN", "CLUSTERDOWN", "TRYAGAIN", "NOREPLICAS", "BUSY", "UNBLOCKED"];

/** What is wrong with who connects, which does not pass by itself. */
const FINAL = ["WRONGPASS", "NOAUTH", "NOPERM"];

/** The code of an error that the engine itself has answered, such as `OOM`: then it has done nothing. */
export function replyCode(error: unknown): string | undefined {
  const { message } = asError(error);
  const code = /^([A-Z]{2,}) /.exec(message)?.[1];
  if (code !== "ERR") return code;
  return /Error running script .* -?([A-Z]{3,}) /.exec(message)?.[1] ?? code; // as Redis before 7 has it
}

/** True for what failed before the engine did anything, and may pass. */
export function mayPass(error: unknown): boolean {
  if (!(error instanceof Unreachable)) return NOT_NOW.includes(replyCode(error) ?? "");
  return !(error.cause instanceof BusError) && !FINAL.includes(replyCode(error.cause) ?? "");
}

/** True for reading that is to be tried again: reading twice does no harm. */
export function mayReadAgain(error: unknown): boolean {
  return mayPass(error) || (!(error instanceof Unreachable) && replyCode(error) === undefined);
}

/** True when another server has to be asked, or this one has to be found again. */
export function isElsewhere(error: unknown): boolean {
  const code = replyCode(error);
  return code === undefined || NOT_NOW.includes(code);
}

/** A `store` error that says what could not be done, and why. */
export function failure(sentence: string, error: unknown): BusError {
  const cause = error instanceof Unreachable ? (error.cause ?? error) : error;
  if (cause instanceof BusError) return cause;
  const { message, code } = asError(cause) as Error & { code?: unknown };
  const tried = mayPass(error) ? ` (tried for ${RETRY_FOR / 1000} s)` : "";
  const reason = message === "" ? String(code) : message; // of several addresses in vain, Node says nothing in the message
  return new BusError("store", `${sentence}: ${reason}${tried}`, {
    cause,
    refused: error instanceof Unreachable || replyCode(error) !== undefined,
    unavailable: error instanceof Unreachable || mayPass(error),
  });
}
