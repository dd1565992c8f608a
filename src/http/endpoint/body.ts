import type { BodyDeadlines } from "./body-deadlines.ts";
import { Refusal } from "./refusal.ts";
import type { EndpointRequest, RequestBody } from "./request.ts";

/** A body that is a JSON object. */
export type JsonObject = Readonly<Record<string, unknown>>;

/** Whatever writes a deeper body as JSON again, as a hook may, would overflow its stack. */
const DEEPEST = 500;

/** The body of a request that says that it is JSON. Throws or rejects with a Refusal: 415, 413, 408 or 400. */
export function bodyOf(request: EndpointRequest, limits: BodyDeadlines): RequestBody | Promise<RequestBody> {
  limits.check();
  const type = request.header("content-type");
  // Only JSON: a form or plain text can be sent by any page without the browser asking first.
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

/** The JSON object in a body. Throws a Refusal: 400. */
export function jsonIn(body: RequestBody): JsonObject {
  const value = "parsed" in body ? body.parsed : parse(body.text);
  if (typeof value === "object" && value !== null && !Array.isArray(value)) return value as JsonObject;
  throw new Refusal(400, "bad_json", "the body must be a JSON object");
}

/** What is said of a body with too many bytes. The connection ends, so that the rest need not be read. */
export function tooLarge(maxBody: number): Refusal {
  return new Refusal(413, "too_large", `a body may have ${maxBody} bytes`, { headers: { Connection: "close" } });
}

/** What is said of a body that has not come to its end in time. */
export function tooSlow(): Refusal {
  return new Refusal(408, "too_slow", "the body took too long to come", { headers: { Connection: "close" } });
}

/** Throws a Refusal when a body that was read elsewhere has too many bytes. */
export function checkLength(body: string | Buffer, maxBody: number): void {
  if (Buffer.byteLength(body) > maxBody) throw tooLarge(maxBody);
}

/** Throws a Refusal when what JSON.parse has made is nested too deep. It does not recurse itself. */
export function checkDepth(parsed: unknown): void {
  let level = [parsed].filter(isObject);
  for (let depth = 1; level.length > 0; depth += 1) {
    if (depth > DEEPEST) throw new Refusal(400, "bad_json", `a body may be nested ${DEEPEST} deep`);
    level = level.flatMap((object) => Object.values(object).filter(isObject));
  }
}

/** What is said of a body that breaks while it is read. */
export function unreadable(): Refusal {
  return new Refusal(400, "bad_json", "the body cannot be read to its end, or not be decoded");
}

function isJson(type: string): boolean {
  if (type === "application/json") return true;
  return /^application\/(([\w.-]+\+)?json|json-rpc)\s*(;|$)/i.test(type); // the other is Odoo's
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
  if (text.length > 2 * DEEPEST) checkDepth(parsed); // what is opened has to be closed
  return parsed;
}
