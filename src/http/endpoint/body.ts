import type { BodyDeadlines } from "./body-deadlines.ts";
import { Refusal } from "./refusal.ts";
import type { EndpointRequest, RequestBody } from "./request.ts";

/** A body that is a JSON object. */
export type JsonObject = Readonly<Record<string, unknown>>;

/** Code that writes a deeper body as JSON again, such as a hook, would overflow its stack. */
const DEEPEST = 500;

/** Returns the body of a request that declares JSON. Throws or rejects with a Refusal: 415, 413, 408 or 400. */
export function bodyOf(request: EndpointRequest, limits: BodyDeadlines): RequestBody | Promise<RequestBody> {
  limits.check();
  const type = request.header("content-type");
  // Only JSON is accepted: any page can send a form or plain text without a preflight of the browser.
  if (type === undefined || !isJson(type)) {
    throw new Refusal(
      415,
      "bad_type",
      `send the body as application/json, not as ${JSON.stringify(type ?? "nothing")}`,
    );
  }
  if (Number(request.header("content-length")) > limits.maxBody) throw tooLarge(limits.maxBody);
  return request.body(limits);
}

/** Returns the JSON object in a body. Throws a Refusal: 400. */
export function jsonIn(body: RequestBody): JsonObject {
  const value = "parsed" in body ? body.parsed : parse(body.text);
  if (typeof value === "object" && value !== null && !Array.isArray(value)) return value as JsonObject;
  throw new Refusal(400, "bad_json", "the body must be a JSON object");
}

/** Refuses a body with too many bytes. The connection ends, so that nobody reads the rest. */
export function tooLarge(maxBody: number): Refusal {
  return new Refusal(413, "too_large", `a body may have ${maxBody} bytes`, { headers: { Connection: "close" } });
}

/** Refuses a body that did not arrive in time. */
export function tooSlow(): Refusal {
  return new Refusal(408, "too_slow", "the body took too long to come", { headers: { Connection: "close" } });
}

/** Throws a Refusal if a body that a framework read has too many bytes. */
export function checkLength(body: string | Buffer, maxBody: number): void {
  if (Buffer.byteLength(body) > maxBody) throw tooLarge(maxBody);
}

/** Throws a Refusal if a parsed value is nested too deep. The check does not recurse. */
export function checkDepth(parsed: unknown): void {
  let level = [parsed].filter(isObject);
  for (let depth = 1; level.length > 0; depth += 1) {
    if (depth > DEEPEST) throw new Refusal(400, "bad_json", `a body may be nested ${DEEPEST} deep`);
    level = level.flatMap((object) => Object.values(object).filter(isObject));
  }
}

/** Refuses a body that breaks off. */
export function unreadable(): Refusal {
  return new Refusal(400, "bad_json", "the body cannot be read to its end, or not be decoded");
}

function isJson(type: string): boolean {
  if (type === "application/json") return true;
  return /^application\/(([\w.-]+\+)?json|json-rpc)\s*(;|$)/i.test(type); // the other type is Odoo's
}

function isObject(value: unknown): value is object {
  return typeof value === "object" && value !== null;
}

function parse(text: string): unknown {
  if (text === "") throw new Refusal(400, "bad_json", "the body is empty, or was read already before the mount");
  let parsed: unknown;
  try {
    parsed = JSON.parse(text);
  } catch (error) {
    throw new Refusal(400, "bad_json", `the body is no JSON: ${(error as Error).message}`);
  }
  if (text.length > 2 * DEEPEST) checkDepth(parsed); // an opening bracket has a closing one
  return parsed;
}
