import { asError, BusError, isError } from "../../errors.ts";
import { type Failure, failuresOf, reasonOf, Unreachable } from "../shared/failures.ts";

/** No answer came, so the outcome is unknown. */
export class Unanswered extends Error {}

/** Codes that JetStream answers. */
const WRONG_LAST = [10071, 10164];
const NO_STREAM = 10059;
const OVERLAPS = 10065;
const TOO_LARGE = 10054;
/**
 * No stream was made. The folder of all streams was missing for a moment, as while the last one is deleted (seen with 2.9). Or
 * the disk takes no stream, and then no send fares better. Only the server's log says why.
 */
const NOT_MADE = 10049;
/** The stream has no leader, or the server is too busy. A retry may succeed. */
const BUSY = [10008, 10009];

/** Names of the client's errors after which nothing was sent, or no server took it. */
const NOT_TAKEN = ["ClosedConnectionError", "DrainingConnectionError", "NoRespondersError", "JetStreamNotEnabled"];

/** Errors of connecting that no retry mends. */
const FINAL = ["AuthorizationError", "UserAuthenticationExpiredError", "InvalidArgumentError", "TypeError"];

/** The decisions that follow from errors of the client. */
export const { failure, isLost, mayCommitAgain, mayReadAgain } = failuresOf(classify);

// A commit is retried after a lost answer as well. If the server has its message, it is found by its id.
function classify(error: unknown): Failure {
  const said = { cause: asError(error).cause ?? error, reason: reasonOf(error) };
  if (error instanceof Unanswered) return { kind: "lost", retry: "all", ...said };
  if (error instanceof Unreachable) {
    const isFinal = namesOf(error.cause).some((name) => FINAL.includes(name));
    return { kind: "unreachable", retry: isFinal ? "none" : "all", ...said };
  }
  const code = apiCode(error);
  if (code === NOT_MADE) {
    const reason = `the server could not make the stream, and its log says why: ${said.reason}`;
    return { kind: "unreachable", retry: "all", cause: said.cause, reason };
  }
  return { kind: code === undefined ? "lost" : "refused", retry: "none", ...said };
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

/** True if the message is larger than the stream takes. */
export function isTooLarge(error: unknown): boolean {
  return apiCode(error) === TOO_LARGE;
}

/**
 * Returns the error of a message that is larger than the server takes. No retry of a send would help, so its code is
 * `bad_message`. `room` is undefined if the server did not name its bound.
 */
export function tooLarge(what: "send" | "state", bytes: number, room?: number): BusError {
  const most =
    room === undefined ? "smaller messages (max_msg_size)" : `messages of at most ${room} bytes (max_payload)`;
  const sentence = `the server takes ${most}, and this ${what} takes ${bytes}`;
  if (what === "send") return new BusError("bad_message", `${sentence}: send it in parts`);
  return new BusError("store", sentence, { refused: true });
}

function namesOf(error: unknown): readonly string[] {
  const names: string[] = [];
  for (let each = error; isError(each); each = each.cause) names.push(each.name, each.constructor.name);
  return names;
}
