import { asError, BusError } from "../../errors.ts";
import { PATIENCE } from "../shared/patience.ts";

/** What went wrong before anything was sent to the engine, which may pass. */
export class Unreachable extends Error {}

/** Codes of JetStream's answers: https://github.com/nats-io/nats-server/blob/main/server/errors.json */
const CODES = { noStream: [10059], noMessage: [10037], wrongSequence: [10071, 10164], nameInUse: [10058] };

/** The status of an answer of JetStream that is not ready yet. */
const UNAVAILABLE = 503;

/** Names of the client's errors that say that nobody has answered, or that it is not known whether somebody has. */
const SILENT = ["TimeoutError", "RequestError", "NoRespondersError", "ClosedConnectionError", "ConnectionError"];

/** The code of an error that JetStream itself has answered: then it has done nothing. */
export function apiCode(error: unknown): number | undefined {
  const { code } = asError(error) as { code?: unknown };
  return typeof code === "number" && code >= 10_000 ? code : undefined;
}

/** True when the stream is not there. */
export function isGone(error: unknown): boolean {
  return CODES.noStream.includes(apiCode(error) ?? 0);
}

/** True when a message is not there. */
export function isDeleted(error: unknown): boolean {
  return CODES.noMessage.includes(apiCode(error) ?? 0);
}

/** True when something else was written first. */
export function isConflict(error: unknown): boolean {
  return CODES.wrongSequence.includes(apiCode(error) ?? 0);
}

/** True when another process has made the stream at the same time. */
export function isThere(error: unknown): boolean {
  return CODES.nameInUse.includes(apiCode(error) ?? 0);
}

/** True when JetStream may have answered, or may come to answer: asking again, by the same name, does no harm. */
export function mayPass(error: unknown): boolean {
  if (error instanceof BusError) return false;
  if (error instanceof Unreachable) return !(error.cause instanceof BusError) && !isFinal(error.cause);
  const { name, status } = asError(error) as Error & { status?: unknown };
  return SILENT.includes(name) || status === UNAVAILABLE;
}

/** A `store` error that says what could not be done, and why. */
export function failure(sentence: string, error: unknown): BusError {
  const cause = error instanceof Unreachable ? error.cause : error;
  if (cause instanceof BusError) return cause;
  const tried = mayPass(error) ? ` (tried for ${PATIENCE / 1000} s)` : "";
  return new BusError("store", `${sentence}: ${asError(cause).message}${tried}`, {
    cause,
    refused: error instanceof Unreachable || apiCode(error) !== undefined,
    unavailable: mayPass(error),
  });
}

function isFinal(error: unknown): boolean {
  return ["AuthorizationError", "PermissionViolationError", "InvalidArgumentError"].includes(asError(error).name);
}
