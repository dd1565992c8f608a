import { asError, isError } from "../../errors.ts";
import { type Failure, failuresOf, reasonOf, Unreachable } from "../shared/failures.ts";

/** No answer came, so the outcome is unknown. */
export class Unanswered extends Error {}

/** Codes that JetStream answers. */
const WRONG_LAST = [10071, 10164];
const NO_STREAM = 10059;
const OVERLAPS = 10065;
/** The stream has no leader, or the server is too busy. A retry may succeed. */
const BUSY = [10008, 10009];

/** Names of the client's errors after which nothing was sent, or no server took it. */
const NOT_TAKEN = ["ClosedConnectionError", "DrainingConnectionError", "NoRespondersError", "JetStreamNotEnabled"];

/** Errors of connecting that no retry mends. */
const FINAL = ["AuthorizationError", "UserAuthenticationExpiredError", "InvalidArgumentError", "TypeError"];

/** The decisions that follow from errors of the client. */
export const { failure, mayCommitAgain, mayReadAgain } = failuresOf(classify);

// A commit is retried after a lost answer as well. If the server has its message, it is found by its id.
function classify(error: unknown): Failure {
  const said = { cause: asError(error).cause ?? error, reason: reasonOf(error) };
  if (error instanceof Unanswered) return { kind: "lost", retry: "all", ...said };
  if (error instanceof Unreachable) {
    const isFinal = namesOf(error.cause).some((name) => FINAL.includes(name));
    return { kind: "unreachable", retry: isFinal ? "none" : "all", ...said };
  }
  return { kind: apiCode(error) === undefined ? "lost" : "refused", retry: "none", ...said };
}

/** Translates an error of the client. An answer of JetStream stays as it is, unless the server is busy. */
export function explained(error: unknown): Error {
  const names = namesOf(error);
  if (apiCode(error) !== undefined) {
    return BUSY.includes(apiCode(error)!) ? new Unreachable(asError(error).message, { cause: error }) : asError(error);
  }
  if (error instanceof Unreachable || error instanceof Unanswered) return error;
  if (names.some((name) => NOT_TAKEN.includes(name))) {
    const enabled = names.includes("JetStreamNotEnabled") || names.includes("NoRespondersError");
    const sentence = enabled ? "JetStream does not answer there: is it enabled?" : asError(error).message;
    return new Unreachable(sentence, { cause: error });
  }
  return new Unanswered(names.includes("TimeoutError") ? "no answer came" : asError(error).message, { cause: error });
}

/** The code of an error that JetStream has answered. */
export function apiCode(error: unknown): number | undefined {
  const { name, code } = Object(error) as { name?: unknown; code?: unknown };
  return typeof code === "number" && String(name).endsWith("Error") && code >= 10_000 ? code : undefined;
}

/** True if another message was published first. */
export function isConflict(error: unknown): boolean {
  return WRONG_LAST.includes(apiCode(error) ?? 0);
}

/** The number in a conflict: the newest message of the subject, as the server counts. */
export function newestIn(conflict: unknown): number | undefined {
  const number = /wrong last sequence: (\d+)/.exec(asError(conflict).message)?.[1];
  return number === undefined ? undefined : Number(number);
}

/** True if the stream is missing. */
export function isMissing(error: unknown): boolean {
  return apiCode(error) === NO_STREAM;
}

/** True if another stream takes the same subjects. */
export function overlaps(error: unknown): boolean {
  return apiCode(error) === OVERLAPS;
}

function namesOf(error: unknown): readonly string[] {
  const names: string[] = [];
  for (let each = error; isError(each); each = each.cause) names.push(each.name, each.constructor.name);
  return names;
}
