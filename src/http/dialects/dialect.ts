import type { Answer } from "../../log/answer.ts";
import type { Refusal } from "../endpoint/refusal.ts";
import type { EndpointReply } from "../endpoint/request.ts";

/** How answers are written: each dialect is a way to say the same. */
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
  /** The channels, where `options.peek` asked for them. */
  readonly peeked: readonly string[] | undefined;
}

/** The rest of an answer beside its list. */
export interface Around {
  readonly head: string;
  readonly tail: string;
  readonly headers: Readonly<Record<string, string>>;
}

/** A poll as its dialect gives it, yet unchecked. */
export interface PollCall {
  readonly dialect: Dialect;
  readonly channels: unknown;
  readonly last: unknown;
  /** In ms; undefined for the mount's. */
  readonly timeout: unknown;
  /** When reading from 0, only what is at most so many ms old. */
  readonly lookback: number;
  readonly options: Readonly<Record<string, unknown>>;
  /** True if its client asks again at once, with the same `last`, so that no answer may be empty before the time is up. */
  readonly isHeld: boolean;
}

/** A send as its dialect gives it, yet unchecked. */
export interface SendCall {
  readonly dialect: Dialect;
  readonly entries: unknown;
}
