import type { JsonObject } from "../endpoint/body.ts";
import type { Refusal } from "../endpoint/refusal.ts";
import { HEADERS, json, refused } from "../endpoint/replies.ts";
import type { EndpointReply } from "../endpoint/request.ts";
import type { Around, Dialect, Given, PollCall, SendCall } from "./dialect.ts";

/** Refusals that do not concern the request itself. Clients meet the same statuses behind any proxy. */
const HTTP_ERRORS: ReadonlySet<string> = new Set(["store", "busy", "hook_timeout"]);

/** The dialect of Odoo's long-polling clients, versions 8 to 14: JSON-RPC 2.0, with application errors under status 200. */
export class JsonRpc implements Dialect {
  readonly #id: string;

  constructor(id: unknown) {
    this.#id = JSON.stringify(id ?? null);
  }

  answer(given: Given): EndpointReply {
    const { head, tail, headers } = this.around(given);
    return json(200, `${head}${given.answer.text}${tail}`, headers);
  }

  around({ answer: { last }, missed, peeked }: Given): Around {
    const begin = `{"jsonrpc":"2.0","id":${this.#id},"result":`;
    const headers = standing(last, missed);
    if (peeked === undefined) return { head: begin, tail: "}", headers };
    return { head: `${begin}{"notifications":`, tail: `,"channels":[${peeked.join()}]}}`, headers };
  }

  // undefined results have no key in JSON
  sent(): EndpointReply {
    return this.#result("");
  }

  /** Replies with a result, given as JSON. */
  result(text: string): EndpointReply {
    return this.#result(`,"result":${text}`);
  }

  refused(refusal: Refusal): EndpointReply {
    if (HTTP_ERRORS.has(refusal.code)) return refused(refusal);
    const expired = refusal.status === 401;
    const [code, message] = expired ? [100, "Odoo Session Expired"] : [200, "Odoo Server Error"];
    const name = expired ? "odoo.http.SessionExpiredException" : `nightbus.${refusal.code}`;
    const data = { name, debug: "", message: refusal.odoo, arguments: refusal.issues ?? [refusal.odoo] };
    return this.#result(`,"error":${JSON.stringify({ code, message, data })}`);
  }

  #result(rest: string): EndpointReply {
    return json(200, `{"jsonrpc":"2.0","id":${this.#id}${rest}}`);
  }
}

/** Returns true if a body speaks this dialect. */
export function isJsonRpc(body: JsonObject): boolean {
  return "jsonrpc" in body || "params" in body;
}

/** Returns the poll of a JSON-RPC call, unchecked. `lookback` is the mount's, in ms. */
export function rpcPoll(body: JsonObject, lookback: number): PollCall {
  const { channels, last, options: given } = paramsOf(body);
  const options = isObject(given) ? given : {};
  const from = last === undefined || last === null || last === false ? 0 : last; // these clients send it in this form
  const isHeld = options["peek"] !== true;
  return { dialect: new JsonRpc(body["id"]), channels, last: from, timeout: undefined, lookback, options, isHeld };
}

/** Returns the send of a JSON-RPC call, unchecked. */
export function rpcSend(body: JsonObject): SendCall {
  const { channel, message } = paramsOf(body);
  return { dialect: new JsonRpc(body["id"]), entries: [[channel, message]] };
}

/** Returns the parameters of a JSON-RPC call; an empty object if it has none. */
export function paramsOf({ params }: JsonObject): JsonObject {
  return isObject(params) ? params : {};
}

function isObject(value: unknown): value is JsonObject {
  return typeof value === "object" && value !== null;
}

// The array of the result has no place for it.
function standing(last: number, missed: boolean): Readonly<Record<string, string>> {
  const headers = { "Nightbus-Last": String(last), ...HEADERS };
  return missed ? { "Nightbus-Missed": "true", ...headers } : headers;
}
