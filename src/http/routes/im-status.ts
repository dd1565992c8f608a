import { Answer } from "../../log/answer.ts";
import { SharedRow } from "../../log/row.ts";
import { keyOf } from "../../notification.ts";
import type { Connection } from "../../presence/presence.ts";
import { JsonRpc, paramsOf } from "../dialects/jsonrpc.ts";
import { bodyOf, jsonIn } from "../endpoint/body.ts";
import { Refusal, refusalOf } from "../endpoint/refusal.ts";
import type { EndpointReply, EndpointRequest } from "../endpoint/request.ts";
import type { Mounted } from "../mounted.ts";
import { personOf } from "./person.ts";

/** The most partners of one request. */
const MOST_PARTNERS = 1_000;

type Options = Readonly<Record<string, unknown>>;

/** `POST im_status`: the status of partners, as clients of Odoo 13 and 14 ask for it. Nobody is refused but a request without a person. */
export async function imStatus<C extends object, Context>(
  mounted: Mounted<C, Context>,
  request: EndpointRequest,
  context: Context,
): Promise<EndpointReply> {
  const body = jsonIn(await bodyOf(request, mounted.bodies));
  const rpc = new JsonRpc(body["id"]);
  const place = mounted.capacity.place();
  try {
    place.take();
    const person = await personOf(mounted, { request, context });
    if (person === undefined) throw new Refusal(401, "refused", "nobody is behind this request");
    return rpc.result(JSON.stringify(statusesOf(mounted, paramsOf(body)["partner_ids"])));
  } catch (error) {
    const refusal = refusalOf(error);
    if (refusal === undefined) throw error;
    return rpc.refused(refusal);
  } finally {
    place.leave();
  }
}

/** Notes the inactivity that a client of Odoo sends with each poll. */
export function reportInactivity(connection: Connection | undefined, { bus_inactivity: inactivity }: Options): void {
  if (typeof inactivity === "number" && inactivity >= 0) connection?.report(inactivity);
}

/**
 * Returns the answer with the statuses that a client of Odoo 12 asks for in its poll. They come beside notifications, or
 * at the timeout, so that they end no wait.
 */
export function withStatuses<C extends object, Context>(
  mounted: Mounted<C, Context>,
  answer: Answer,
  { bus_presence_partner_ids: ids }: Options,
  keys: readonly string[],
): Answer {
  const statuses = statusesOf(mounted, ids);
  if (statuses.length === 0) return answer;
  const tuple = keys.find((key) => key.startsWith("["));
  const database = tuple === undefined ? "" : (JSON.parse(tuple) as readonly unknown[])[0];
  const channel = [String(database) || "odoo", "bus.presence"] as const;
  const source = { key: keyOf(channel), channel };
  const rows = statuses.map((status) => new SharedRow(-1, source, JSON.stringify(status)));
  return new Answer([...answer.rows, ...rows], answer.last, answer.missed);
}

function statusesOf<C extends object, Context>(
  { options: { presence } }: Mounted<C, Context>,
  ids: unknown,
): readonly object[] {
  if (presence === undefined || !Array.isArray(ids)) return [];
  const partners = ids.slice(0, MOST_PARTNERS).filter((id) => typeof id === "number" || typeof id === "string");
  return partners.map((id) => ({ id, im_status: presence.status(id) }));
}
