import { RETRY_AFTER, type Refusal } from "../endpoint/refusal.ts";
import { refused } from "../endpoint/replies.ts";
import type { EndpointReply, EndpointRequest } from "../endpoint/request.ts";
import { STREAMING } from "./events.ts";

/**
 * Answers a refused stream. An EventSource gives up for good at any status but 200. Instead of a 5xx it gets a stream
 * that says when to come back, and ends. The `Accept` header marks an EventSource; other clients get the status.
 */
export function refusedEvents(refusal: Refusal, request: EndpointRequest): EndpointReply {
  const isLasting = refusal.status < 500 || request.method === "HEAD";
  if (isLasting || !/\btext\/event-stream\b/i.test(request.header("accept") ?? "")) return refused(refusal);
  const seconds = Number(refusal.headers["Retry-After"] ?? RETRY_AFTER);
  // The random part spreads the clients that come back.
  const body = Buffer.from(`retry: ${Math.round(seconds * 1_000 * (1 + Math.random()))}\n`);
  const headers = { "Content-Length": String(body.length), ...refusal.headers, ...STREAMING };
  return { status: 200, headers, body };
}
