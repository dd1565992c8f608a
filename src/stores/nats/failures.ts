import { asError, BusError } from "../../errors.ts";
import { RETRY_FOR } from "../shared/retry.ts";

/** What went wrong before anything was sent to the engine, or was not taken by it, which may pass. */
export class Unreachable extends Error {}

/** No answer came: it is not known what the engine has done. */
export class Unanswered extends Error {}

/** Numbers of errors that JetStream answers. */
const WRONG_LAST = [10071, 10164];
const NO_STREAM = 10059;
const OVERLAPS = 10065;
/** There is no leader, or the server is too busy: it may be better in a moment. */
const BUSY = [10008, 10009];

/** Names of errors of the client with which nothing was sent, or nobody took it. */
const NOT_TAKEN = ["ClosedConnectionError", "DrainingConnectionError", "NoRespondersError", "JetStreamNotEnabled"];

/** Errors of connecting that do not pass by themselves. */
const FINAL = ["AuthorizationError", "UserAuthenticationExpiredError", "InvalidArgumentError", "TypeError"];

/** What the client rejected with, as one of ours where it is not JetStream's own answer. */
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

/** The number of an error that JetStream has answered. */
export function apiCode(error: unknown): number | undefined {
  const { name, code } = Object(error) as { name?: unknown; code?: unknown };
  return typeof code === "number" && String(name).endsWith("Error") && code >= 10_000 ? code : undefined;
}

/** True when something else was published first. */
export function isConflict(error: unknown): boolean {
  return WRONG_LAST.includes(apiCode(error) ?? 0);
}

/** The number that the server takes for the newest message of a subject, as its conflict says. */
export function newestIn(conflict: unknown): number | undefined {
  const number = /wrong last sequence: (\d+)/.exec(asError(conflict).message)?.[1];
  return number === undefined ? undefined : Number(number);
}

export function isGone(error: unknown): boolean {
  return apiCode(error) === NO_STREAM;
}

export function overlaps(error: unknown): boolean {
  return apiCode(error) === OVERLAPS;
}

/** True for a failure after which nothing was done, and that may pass. */
export function mayPass(error: unknown): boolean {
  return error instanceof Unreachable && !namesOf(error.cause).some((name) => FINAL.includes(name));
}

/** True for reading that is to be tried again, and for a commit of which can be found out whether it was done. */
export function mayAskAgain(error: unknown): boolean {
  return mayPass(error) || error instanceof Unanswered;
}

/** A `store` error that says what could not be done, and why. */
export function failure(sentence: string, error: unknown): BusError {
  if (error instanceof BusError) return error;
  const tried = mayAskAgain(error) ? ` (tried for ${RETRY_FOR / 1000} s)` : "";
  const reason = `${sentence}: ${reasonOf(error)}${tried}`;
  const cause = asError(error).cause ?? error;
  if (error instanceof Unreachable) return new BusError("store", reason, { cause, refused: true, unavailable: true });
  return new BusError("store", reason, { cause, refused: apiCode(error) !== undefined });
}

function namesOf(error: unknown): readonly string[] {
  const names: string[] = [];
  for (let each = error; each instanceof Error; each = each.cause) names.push(each.name, each.constructor.name);
  return names;
}

function reasonOf(error: unknown): string {
  const { message, code } = asError(error) as Error & { code?: unknown };
  return message === "" ? String(code) : message;
}
