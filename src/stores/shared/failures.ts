import { asError, BusError } from "../../errors.ts";
import { RETRY_FOR } from "./retry.ts";

/**
 * The kinds of failure of an engine.
 *
 * - `refused`: the engine answered that it did nothing.
 * - `lost`: no answer came, so the outcome is unknown.
 * - `read-only`: the engine commits nothing now, as during a failover. Nothing was written.
 * - `unreachable`: the work did not begin, for lack of a connection or because of a lock.
 */
export type FailureKind = "refused" | "lost" | "read-only" | "unreachable";

/** One failure of an engine, as the engine's `failures.ts` reads it from an error. */
export interface Failure {
  readonly kind: FailureKind;
  /** The work that a retry may save. A repeated read does no harm. A commit may, if its outcome is unknown. */
  readonly retry: "none" | "reads" | "all";
  /** The error behind it. A BusError is passed on as it is. */
  readonly cause: unknown;
  /** The end of the error's sentence. Default: the message of `cause`. */
  readonly reason?: string;
}

/** The decisions that follow from the failures of one engine. */
export interface Failures {
  /** True for a read that may succeed on a retry. */
  readonly mayReadAgain: (error: unknown) => boolean;
  /** True for a commit that may succeed on a retry, and that no retry commits twice. */
  readonly mayCommitAgain: (error: unknown) => boolean;
  /** True if the outcome is unknown: the work may have been done. */
  readonly isLost: (error: unknown) => boolean;
  /** Makes a `store` error: the sentence, the reason, and the time that retries took. Returns a BusError unchanged. */
  readonly failure: (sentence: string, error: unknown) => BusError;
}

/** The error of an engine that cannot be reached, or takes nothing. A retry may succeed, unless `cause` rules that out. */
export class Unreachable extends Error {}

/** Derives an engine's decisions from its reading of errors. */
export function failuresOf(classify: (error: unknown) => Failure): Failures {
  return {
    mayReadAgain: (error) => classify(error).retry !== "none",
    mayCommitAgain: (error) => classify(error).retry === "all",
    isLost: (error) => classify(error).kind === "lost",
    failure(sentence, error) {
      if (error instanceof BusError) return error;
      const { kind, retry, cause, reason = reasonOf(cause) } = classify(error);
      if (cause instanceof BusError) return cause;
      const tried = retry === "all" && kind !== "refused" ? ` (tried for ${RETRY_FOR / 1000} s)` : "";
      const refused = kind !== "lost";
      const unavailable = kind === "read-only" || kind === "unreachable";
      return new BusError("store", `${sentence}: ${reason}${tried}`, { cause, refused, unavailable });
    },
  };
}

/** The message of an error, or its code: Node leaves the message empty after it has tried several addresses. */
export function reasonOf(error: unknown): string {
  const { message, code } = asError(error) as Error & { code?: unknown };
  return message === "" ? String(code) : message;
}
