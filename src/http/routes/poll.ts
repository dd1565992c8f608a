import { checkLast } from "../../core/arguments.ts";
import { given } from "../../errors.ts";
import type { Answer } from "../../log/answer.ts";
import type { Query } from "../../log/query.ts";
import type { Connection } from "../../presence/presence.ts";
import type { PollCall } from "../dialects/dialect.ts";
import { isJsonRpc, rpcPoll } from "../dialects/jsonrpc.ts";
import { plainPoll, queryPoll } from "../dialects/plain.ts";
import { bodyOf, type JsonObject, jsonIn } from "../endpoint/body.ts";
import { checkNames, checkSome } from "../endpoint/channels.ts";
import { Refusal, refusalOf } from "../endpoint/refusal.ts";
import type { EndpointReply, EndpointRequest } from "../endpoint/request.ts";
import type { Mounted } from "../mounted.ts";
import { listOf, PIECE } from "../writing/pieces.ts";
import { grant } from "./grant.ts";
import { reportInactivity, withStatuses } from "./im-status.ts";
import { waitForOdoo } from "./odoo-wait.ts";
import { connect, personOf } from "./person.ts";
import { seenBy, statusesOf } from "./statuses.ts";

/** `POST poll` and `GET poll`: the long poll. */
export async function poll<C extends object, Context>(
  mounted: Mounted<C, Context>,
  request: EndpointRequest,
  context: Context,
): Promise<EndpointReply> {
  const { hub, options, capacity } = mounted;
  const call =
    request.method === "GET"
      ? queryPoll(request.query)
      : postedPoll(jsonIn(await bodyOf(request, mounted.bodies)), options.lookback);
  const place = capacity.place();
  let connection: Connection | undefined;
  // Nothing is awaited without need: most polls are answered in the turn of the event loop in which their body arrives.
  try {
    const requested = checkNames(call.channels, options);
    const timeout = checkTimeout(call.timeout, options.timeout);
    const last = checkLast(call.last);
    const granted = grant(mounted, { requested, request, context, options: call.options }, place);
    const keys = granted instanceof Promise ? await granted : granted;
    if (options.presence !== undefined) {
      place.take();
      connection = connect(mounted, await personOf(mounted, { request, context }), keys);
      reportInactivity(connection, call.options);
    }
    const query = { keys, last, limit: hub.limit, size: options.maxAnswer, lookback: call.lookback };
    if (call.isHeld) {
      const ids = connection && call.options["bus_presence_partner_ids"];
      const seen = ids === undefined ? [] : await seenBy(mounted, { request, context, ids });
      const answer = await waitForOdoo(mounted, query, timeout, request.signal, place);
      return reply(mounted, call, query, withStatuses(answer, statusesOf(mounted, seen), keys));
    }
    const peeks = call.options["peek"] === true;
    if (!peeks) checkSome(keys);
    const terms = { timeout: peeks ? 0 : timeout, signal: request.signal, form: mounted.form, place };
    const answer = hub.poll(query, terms);
    return reply(mounted, call, query, "then" in answer ? await answer : answer); // a bus of another realm has other promises
  } catch (error) {
    const refusal = refusalOf(error);
    if (refusal === undefined) throw error;
    return call.dialect.refused(refusal);
  } finally {
    connection?.leave();
    place.leave();
  }
}

function postedPoll(body: JsonObject, lookback: number): PollCall {
  return isJsonRpc(body) ? rpcPoll(body, lookback) : plainPoll(body);
}

/** Replies with an answer; a long one is written in pieces. Throws a Refusal if clients have too many bytes to take already. */
function reply<C extends object, Context>(
  { unsent, deliveries }: Mounted<C, Context>,
  { dialect, options }: PollCall,
  { keys }: Query,
  answer: Answer,
): EndpointReply {
  const given = { answer, missed: answer.missed, peeked: options["peek"] === true ? keys : undefined };
  const { rows, size } = answer;
  if (size <= PIECE) {
    if (rows.length > 0) unsent.check(size);
    return dialect.answer(given);
  }
  const { head, tail, headers } = dialect.around(given);
  const window = `${keys.join()} ${rows[0]?.id} ${rows.at(-1)?.id} ${rows.length}`;
  deliveries.check(window, size);
  return { status: 200, headers, body: deliveries.body({ head, pieces: listOf(answer), tail, window }) };
}

function checkTimeout(timeout: unknown, longest: number): number {
  if (timeout === undefined) return longest;
  if (Number.isSafeInteger(timeout) && (timeout as number) >= 0) return Math.min(timeout as number, longest);
  throw new Refusal(400, "bad_timeout", `timeout must be an integer of ms from 0 up, got ${given(timeout)}`);
}
