import { checkNames, type NameLimits } from "../endpoint/channels.ts";
import { Refusal } from "../endpoint/refusal.ts";
import { parted, type Requested } from "./requested.ts";

/** A frame of a client. A report has the inactivity of the user in ms, and the ids of which the client asks. The server does not know other events. */
export type Frame =
  | { readonly event: "subscribe"; readonly requested: Requested; readonly last: number }
  | { readonly event: "update_presence"; readonly inactiveMs: number; readonly partners: unknown }
  | { readonly event: "unknown" };

/** Returns the frame in a text; undefined if the text says nothing a client may say. */
export function frameIn(text: string, limits: NameLimits): Frame | undefined {
  const { event_name: event, data } = fieldsOf(parse(text));
  if (typeof event !== "string") return undefined;
  if (event === "subscribe") return subscribeIn(fieldsOf(data), limits);
  if (event !== "update_presence") return { event: "unknown" };
  const { inactivity_period: inactiveMs, im_status_ids_by_model: asked } = fieldsOf(data);
  return isAmount(inactiveMs) ? { event, inactiveMs, partners: fieldsOf(asked)["res.partner"] } : undefined;
}

/** Returns true for the binary frame by which clients of version 19 keep their connection open. */
export function isKeepAlive(bytes: Uint8Array): boolean {
  return bytes.length === 1 && bytes[0] === 0;
}

/** Returns a position as clients send it; undefined if it is none. No position is 0. */
export function lastOf(last: unknown): number | undefined {
  if (last === undefined || last === null || last === false) return 0;
  return Number.isSafeInteger(last) && (last as number) >= 0 ? (last as number) : undefined; // the check before says so
}

function subscribeIn(data: Fields, limits: NameLimits): Frame | undefined {
  const last = lastOf(data["last"]);
  if (last === undefined) return undefined;
  try {
    return { event: "subscribe", requested: parted(checkNames(data["channels"], limits)), last };
  } catch (error) {
    if (error instanceof Refusal) return undefined;
    throw error;
  }
}

type Fields = Readonly<Record<string, unknown>>;

function fieldsOf(value: unknown): Fields {
  return typeof value === "object" && value !== null ? (value as Fields) : {}; // any object has fields
}

function isAmount(value: unknown): value is number {
  return typeof value === "number" && value >= 0;
}

function parse(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
