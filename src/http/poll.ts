import { given } from "../errors.ts";
import { checkLast } from "../input.ts";
import type { Answer } from "../log/answer.ts";
import type { Ask } from "../log/ask.ts";
import type { Reader } from "../reader.ts";
import { bodyOf, type JsonObject, jsonIn } from "./body.ts";
import { checkNames, grant } from "./channels.ts";
import { checkRoom } from "./crowd.ts";
import type { PollCall } from "./dialect.ts";
import type { Mounted } from "./endpoint.ts";
import { isJsonRpc, rpcPoll } from "./jsonrpc.ts";
import { plainPoll, queryPoll } from "./plain.ts";
import { Refusal, refusalOf } from "./refusal.ts";
import type { EndpointReply, EndpointRequest } from "./request.ts";

/** `POST poll` and `GET poll`: the long poll. */
export async function poll<C extends object, Context>(
  mounted: Mounted<C, Context>,
  request: EndpointRequest,
  context: Context,
): Promise<EndpointReply> {
  const { reader, options } = mounted;
  const call =
    request.method === "GET"
      ? queryPoll(request.query)
      : postedPoll(jsonIn(await bodyOf(request, mounted.bodies)), options.lookback);
  // What need not be waited for is not awaited: most polls are answered in the turn in which their body has come.
  try {
    const requested = checkNames(call.channels, options);
    const timeout = checkTimeout(call.timeout, options.timeout);
    const last = checkLast(call.last);
    const granted = grant(requested, options.channels, context, call.options);
    const keys = granted instanceof Promise ? await granted : granted;
    const reaching = reader.reach(last);
    if (reaching !== undefined) await reaching;
    // From here on nothing is awaited until the poll is parked.
    const ask = { keys, last, limit: reader.limit, lookback: call.lookback };
    const now = answerNow(reader, call, ask, timeout);
    if (now !== undefined) return now;
    checkRoom(mounted);
    mounted.polls += 1;
    try {
      const deadline = reader.clock.monotonic() + timeout;
      return call.dialect.answer(await reader.park(ask, { deadline, signal: request.signal, form: itself }));
    } finally {
      mounted.polls -= 1;
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
function answerNow(
  reader: Reader,
  { dialect, options }: PollCall,
  ask: Ask,
  timeout: number,
): EndpointReply | undefined {
  const peeks = options["peek"] === true;
  const found = reader.read(ask) ?? (peeks || timeout === 0 ? reader.nothing() : undefined);
  reader.meter.polled(ask.keys, found);
  if (found === undefined) return undefined;
  return peeks ? dialect.peek(found, ask.keys) : dialect.answer(found);
}

function itself(answer: Answer): Answer {
  return answer;
}

function checkTimeout(timeout: unknown, longest: number): number {
  if (timeout === undefined) return longest;
  if (Number.isSafeInteger(timeout) && (timeout as number) >= 0) return Math.min(timeout as number, longest);
  throw new Refusal(400, "bad_timeout", `timeout must be an integer of ms from 0 up, got ${given(timeout)}`);
}
