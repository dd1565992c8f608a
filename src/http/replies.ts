import type { Refusal } from "./refusal.ts";
import type { EndpointReply } from "./request.ts";

/** The headers of every answer: it is JSON, of this moment. */
export const HEADERS: Readonly<Record<string, string>> = {
  "Content-Type": "application/json; charset=utf-8",
  "Cache-Control": "no-store",
  "X-Content-Type-Options": "nosniff",
};

export function json(body: string, headers: Readonly<Record<string, string>> = HEADERS): EndpointReply {
  return { status: 200, headers, body };
}

/** A refusal in the plain dialect, as a status and `{"error":{"code","message"}}`. */
export function refused({ status, code, message, headers }: Refusal): EndpointReply {
  return { status, headers: { ...HEADERS, ...headers }, body: JSON.stringify({ error: { code, message } }) };
}
