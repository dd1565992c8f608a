import type { Answer } from "../log/answer.ts";
import type { JsonObject } from "./body.ts";
import type { Dialect, PollCall, SendCall } from "./dialect.ts";
import type { Refusal } from "./refusal.ts";
import { HEADERS, json, refused } from "./replies.ts";
import type { EndpointReply } from "./request.ts";

/** The dialect of Odoo's long-polling clients, versions 8 to 14: JSON-RPC 2.0, where application errors are answered with 200. */
class JsonRpc implements Dialect {
  readonly #id: string;

  constructor(id: unknown) {
    this.#id = JSON.stringify(id ?? null);
  }

  answer(answer: Answer): EndpointReply {
    return this.#result(`,"result":${answer.text}`, standing(answer));
  }

  peek(answer: Answer, keys: readonly string[]): EndpointReply {
    return this.#result(`,"result":{"notifications":${answer.text},"channels":[${keys.join()}]}`, standing(answer));
  }

  // A result of nothing has no key.
  sent(): EndpointReply {
    return this.#result("");
  }

  refused(refusal: Refusal): EndpointReply {
    if (refusal.code === "store" || refusal.code === "busy") return refused(refusal);
    const expired = refusal.status === 401;
    const [code, message] = expired ? [100, "Odoo Session Expired"] : [200, "Odoo Server Error"];
    const name = expired ? "odoo.http.SessionExpiredException" : `nightbus.${refusal.code}`;
    const data = { name, debug: "", message: refusal.odoo, arguments: [refusal.odoo] };
    return this.#result(`,"error":${JSON.stringify({ code, message, data })}`);
  }

  #result(rest: string, headers = HEADERS): EndpointReply {
    return json(200, `{"jsonrpc":"2.0","id":${this.#id}${rest}}`, headers);
  }
}

/** Whether a body speaks this dialect. */
export function isJsonRpc(body: JsonObject): boolean {
  return "jsonrpc" in body || "params" in body;
}

export function rpcPoll(body: JsonObject, lookback: number): PollCall {
  const { channels, last = 0, options } = paramsOf(body);
  const asked = isObject(options) ? options : {};
  return { dialect: new JsonRpc(body["id"]), channels, last, timeout: undefined, lookback, options: asked };
}

export function rpcSend(body: JsonObject): SendCall {
  const { channel, message } = paramsOf(body);
  return { dialect: new JsonRpc(body["id"]), entries: [[channel, message]] };
}

function paramsOf({ params }: JsonObject): JsonObject {
  return isObject(params) ? params : {};
}

function isObject(value: unknown): value is JsonObject {
  return typeof value === "object" && value !== null;
}

// The array of the result has no place for it.
function standing({ last, missed }: Answer): Readonly<Record<string, string>> {
  const headers = { "Nightbus-Last": String(last), ...HEADERS };
  return missed ? { "Nightbus-Missed": "true", ...headers } : headers;
}
