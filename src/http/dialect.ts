import type { Answer } from "../log/answer.ts";
import type { Refusal } from "./refusal.ts";
import type { EndpointReply } from "./request.ts";

/** How answers are written: each dialect is a way to say the same. */
export interface Dialect {
  answer(answer: Answer): EndpointReply;
  /** What `options.peek` asks for. */
  peek(answer: Answer, keys: readonly string[]): EndpointReply;
  sent(ids: readonly number[]): EndpointReply;
  refused(refusal: Refusal): EndpointReply;
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
}

/** A send as its dialect gives it, yet unchecked. */
export interface SendCall {
  readonly dialect: Dialect;
  readonly entries: unknown;
}
