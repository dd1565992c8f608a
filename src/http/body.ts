import { Refusal } from "./refusal.ts";
import type { EndpointRequest, RequestBody } from "./request.ts";

/** A body that is a JSON object. */
export type JsonObject = Readonly<Record<string, unknown>>;

/** The body of a request that says that it is JSON. Throws or rejects with a Refusal: 415, 413 or 400. */
export function bodyOf(request: EndpointRequest, maxBody: number): RequestBody | Promise<RequestBody> {
  const type = request.header("content-type");
  // Only JSON: a form or plain text can be sent by any page without the browser asking first.
  if (type === undefined || !isJson(type)) {
    throw new Refusal(
      415,
      "bad_type",
      `send the body as application/json, not as ${JSON.stringify(type ?? "nothing")}`,
    );
  }
  if (Number(request.header("content-length")) > maxBody) throw tooLarge(maxBody);
  return request.body(maxBody);
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

/** Throws a Refusal when a body that was read elsewhere has too many bytes. */
export function checkLength(body: string | Buffer, maxBody: number): void {
  if (Buffer.byteLength(body) > maxBody) throw tooLarge(maxBody);
}

/** What is said of a body that breaks while it is read. */
export function unreadable(): Refusal {
  return new Refusal(400, "bad_json", "the body cannot be read to its end, or not be decoded");
}

function isJson(type: string): boolean {
  if (type === "application/json") return true;
  return /^application\/([\w.-]+\+)?json\s*(;|$)/i.test(type);
}

function parse(text: string): unknown {
  if (text === "") throw new Refusal(400, "bad_json", "the body is empty, or was read already before the mount");
  try {
    return JSON.parse(text);
  } catch (error) {
    throw new Refusal(400, "bad_json", `the body is no JSON: ${(error as Error).message}`);
  }
}
