import type { Answer } from "../../log/answer.ts";
import type { Refusal } from "../endpoint/refusal.ts";
import type { EndpointReply } from "../endpoint/request.ts";

/** Writes answers. Each dialect says the same in its own form. */
export interface Dialect {
  answer(given: Given): EndpointReply;
  /** The text around the list of notifications, for an answer that is written in pieces. */
  around(given: Given): Around;
  sent(ids: readonly number[]): EndpointReply;
  refused(refusal: Refusal): EndpointReply;
}

/** The answer to a poll. */
export interface Given {
  readonly answer: Answer;
  /** True if the reader has missed something, now or while it waited. */
  readonly missed: boolean;
  /** The channels, if `options.peek` asked for them. */
  readonly peeked: readonly string[] | undefined;
}

/** The text around the list of an answer. */
export interface Around {
  readonly head: string;
  readonly tail: string;
  readonly headers: Readonly<Record<string, string>>;
}

/** A poll in its dialect, before any check. */
export interface PollCall {
  readonly dialect: Dialect;
  readonly channels: unknown;
  readonly last: unknown;
  /** The wait in ms; undefined for the mount's. */
  readonly timeout: unknown;
  /** The largest age of a row when reading from 0, in ms. */
  readonly lookback: number;
  readonly options: Readonly<Record<string, unknown>>;
  /** True if the client asks again at once with the same `last`. Its answer may be empty only when the time is up. */
  readonly isHeld: boolean;
}

/** A send in its dialect, before any check. */
export interface SendCall {
  readonly dialect: Dialect;
  readonly entries: unknown;
}
