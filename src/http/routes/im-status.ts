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
import { type StatusOf, seenBy, statusesOf } from "./statuses.ts";

type Options = Readonly<Record<string, unknown>>;

/** The id of the rows that tell a status. */
const STATUS = -1;

/** `POST im_status`: the status of partners, as clients of Odoo 13 and 14 ask for it. A request without a person is refused, and gets no status that `sees` leaves out. */
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
    const ids = paramsOf(body)["partner_ids"];
    return rpc.result(JSON.stringify(statusesOf(mounted, await seenBy(mounted, { request, context, ids }))));
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
 * Returns the answer with the statuses that a client of Odoo 12 asked for in its poll. They come beside notifications, or
 * at the timeout, so that they end no wait.
 */
export function withStatuses(answer: Answer, statuses: readonly StatusOf[], keys: readonly string[]): Answer {
  if (statuses.length === 0) return answer;
  const tuple = keys.find((key) => key.startsWith("["));
  const database = tuple === undefined ? "" : (JSON.parse(tuple) as readonly unknown[])[0];
  const channel = [String(database) || "odoo", "bus.presence"] as const;
  const source = { key: keyOf(channel), channel };
  const rows = statuses.map((status) => new SharedRow(STATUS, source, JSON.stringify(status)));
  return new Answer([...answer.rows, ...rows], answer.last, answer.missed);
}

/** True for an answer that ends with statuses. They are those that one client asked for and may see. */
export function hasStatuses({ rows }: Answer): boolean {
  return rows.at(-1)?.id === STATUS;
}
