import { JsonReply } from "./json-reply.ts";
import type { Refusal } from "./refusal.ts";
import type { EndpointReply } from "./request.ts";

/** The headers of every answer: JSON, and not to be cached. The length is added for each. */
export const HEADERS: Readonly<Record<string, string>> = {
  "Content-Type": "application/json; charset=utf-8",
  "Cache-Control": "no-store",
  "X-Content-Type-Options": "nosniff",
};

/** Replies with JSON text. */
export function json(status: number, text: string, headers: Readonly<Record<string, string>> = HEADERS): JsonReply {
  return new JsonReply(status, text, headers);
}

/** Replies with a refusal in the plain dialect: a status and `{"error":{"code","message"}}`, with `issues` if there are some. */
export function refused({ status, code, message, issues, headers }: Refusal): EndpointReply {
  return json(status, JSON.stringify({ error: { code, message, issues } }), { ...HEADERS, ...headers });
}
