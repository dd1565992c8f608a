import type { Answer } from "../../log/answer.ts";
import type { JsonObject } from "../endpoint/body.ts";
import { HEADERS, json, refused } from "../endpoint/replies.ts";
import type { EndpointReply } from "../endpoint/request.ts";
import type { Dialect, PollCall, SendCall } from "./dialect.ts";

const HEAD = '{"notifications":';

/** The plain dialect: JSON bodies and HTTP statuses. */
const plain: Dialect = {
  answer: ({ answer }) => answer.once(replyOf),
  around: ({ answer }) => ({ head: HEAD, tail: tailOf(answer), headers: HEADERS }),
  sent: (ids) => json(200, `{"ids":${JSON.stringify(ids)}}`),
  refused,
};

/** Returns the poll of a JSON body, unchecked. */
export function plainPoll({ channels, last = 0, timeout }: JsonObject): PollCall {
  return { dialect: plain, channels, last, timeout, lookback: Number.POSITIVE_INFINITY, options: {}, isHeld: false };
}

/** A poll in a query string: `channels=a&channels=b&last=5&timeout=1000`. */
export function queryPoll(query: string): PollCall {
  const parameters = new URLSearchParams(query);
  return plainPoll({
    channels: parameters.getAll("channels"),
    last: integer(parameters.get("last")),
    timeout: integer(parameters.get("timeout")),
  });
}

/** Returns the send of a JSON body, unchecked. */
export function plainSend({ entries }: JsonObject): SendCall {
  return { dialect: plain, entries };
}

/** Replies with an answer. Polls with the same answer share the reply, and its bytes. */
function replyOf(answer: Answer): EndpointReply {
  return json(200, `${HEAD}${answer.text}${tailOf(answer)}`);
}

function tailOf({ last, missed }: Answer): string {
  return `,"last":${last},"missed":${missed}}`;
}

/** Returns the number in a query string or a header. Text that is not an integer stays text, and the later check refuses it. */
export function integer(text: string | null): unknown {
  if (text === null) return undefined;
  return /^\d+$/.test(text) ? Number(text) : text;
}
