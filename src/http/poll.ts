import { given } from "../errors.ts";
import { checkLast } from "../input.ts";
import type { Answer } from "../log/answer.ts";
import type { Ask } from "../log/ask.ts";
import { bodyOf, type JsonObject, jsonIn } from "./body.ts";
import { checkNames, checkSome } from "./channels.ts";
import type { PollCall } from "./dialect.ts";
import type { Mounted } from "./endpoint.ts";
import { grant } from "./grant.ts";
import { hold } from "./hold.ts";
import { isJsonRpc, rpcPoll } from "./jsonrpc.ts";
import { listOf, PIECE } from "./pieces.ts";
import { plainPoll, queryPoll } from "./plain.ts";
import { Refusal, refusalOf } from "./refusal.ts";
import type { EndpointReply, EndpointRequest } from "./request.ts";

/** `POST poll` and `GET poll`: the long poll. */
export async function poll<C extends object, Context>(
  mounted: Mounted<C, Context>,
  request: EndpointRequest,
  context: Context,
): Promise<EndpointReply> {
  const { reader, options, crowd } = mounted;
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
    const ask = { keys, last, limit: reader.limit, size: options.maxAnswer, lookback: call.lookback };
    if (call.isHeld) {
      const { answer, missed } = await hold(mounted, ask, timeout, request.signal);
      return reply(mounted, call, ask, answer, missed);
    }
    const now = answerNow(mounted, call, ask, timeout);
    if (now !== undefined) {
      reader.meter.polled(keys, now);
      return reply(mounted, call, ask, now);
    }
    crowd.enter();
    try {
      const deadline = reader.clock.monotonic() + timeout;
      const parked = reader.park(ask, { deadline, signal: request.signal, form: mounted.form });
      reader.meter.polled(keys, undefined); // told last: a subscriber may commit something
      return reply(mounted, call, ask, await parked);
    } finally {
      crowd.leave();
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
  { reader }: Mounted<C, Context>,
  { options }: PollCall,
  ask: Ask,
  timeout: number,
): Answer | undefined {
  const peeks = options["peek"] === true;
  if (!peeks) checkSome(ask.keys);
  return reader.read(ask) ?? (peeks || timeout === 0 ? reader.nothing() : undefined);
}

/** Writes an answer: what is long in pieces. Throws a Refusal when too much is unsent. */
function reply<C extends object, Context>(
  { unsent, deliveries }: Mounted<C, Context>,
  { dialect, options }: PollCall,
  { keys }: Ask,
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
