import { checkLast } from "../../core/arguments.ts";
import { given } from "../../errors.ts";
import type { Answer } from "../../log/answer.ts";
import type { Query } from "../../log/query.ts";
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
import { hold } from "./hold.ts";

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
  // What need not be waited for is not awaited: most polls are answered in the turn in which their body has come.
  try {
    const requested = checkNames(call.channels, options);
    const timeout = checkTimeout(call.timeout, options.timeout);
    const last = checkLast(call.last);
    const granted = grant(mounted, { requested, last, request, context, options: call.options });
    const keys = granted instanceof Promise ? await granted : granted;
    // From here on nothing is awaited until the poll is parked.
    const query = { keys, last, limit: hub.limit, size: options.maxAnswer, lookback: call.lookback };
    if (call.isHeld) {
      const { answer, missed } = await hold(mounted, query, timeout, request.signal);
      return reply(mounted, call, query, answer, missed);
    }
    const now = answerNow(mounted, call, query, timeout);
    if (now !== undefined) {
      hub.meter.polled(keys, now);
      return reply(mounted, call, query, now);
    }
    capacity.enter();
    try {
      const deadline = hub.clock.monotonic() + timeout;
      const parked = hub.park(query, { deadline, signal: request.signal, form: mounted.form });
      hub.meter.polled(keys, undefined); // told last: a subscriber may commit something
      return reply(mounted, call, query, await parked);
    } finally {
      capacity.leave();
    }
  } catch (error) {
    const refusal = refusalOf(error);
    if (refusal === undefined) throw error;
    return call.dialect.refused(refusal);
  }
}

function postedPoll(body: JsonObject, lookback: number): PollCall {
  return isJsonRpc(body) ? rpcPoll(body, lookback) : plainPoll(body);
}

/** What is answered without waiting, if anything is. */
function answerNow<C extends object, Context>(
  { hub }: Mounted<C, Context>,
  { options }: PollCall,
  query: Query,
  timeout: number,
): Answer | undefined {
  const peeks = options["peek"] === true;
  if (!peeks) checkSome(query.keys);
  return hub.read(query) ?? (peeks || timeout === 0 ? hub.nothing() : undefined);
}

/** Writes an answer: what is long in pieces. Throws a Refusal when too much is unsent. */
function reply<C extends object, Context>(
  { unsent, deliveries }: Mounted<C, Context>,
  { dialect, options }: PollCall,
  { keys }: Query,
  answer: Answer,
  missed = answer.missed,
): EndpointReply {
  const given = { answer, missed, peeked: options["peek"] === true ? keys : undefined };
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
