import { given } from "../errors.ts";
import { checkLast } from "../input.ts";
import type { Answer } from "../log/answer.ts";
import type { Ask } from "../log/log.ts";
import { readJson } from "./body.ts";
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
  const call = await readCall(mounted, request);
  try {
    return await answer(mounted, call, request, context);
  } catch (error) {
    const refusal = refusalOf(error);
    if (refusal === undefined) throw error;
    return call.dialect.refused(refusal);
  }
}

async function readCall<C extends object, Context>(
  { options }: Mounted<C, Context>,
  request: EndpointRequest,
): Promise<PollCall> {
  if (request.method === "GET") return queryPoll(request.query);
  const body = await readJson(request, options.maxBody);
  return isJsonRpc(body) ? rpcPoll(body, options.lookback) : plainPoll(body);
}

async function answer<C extends object, Context>(
  mounted: Mounted<C, Context>,
  call: PollCall,
  request: EndpointRequest,
  context: Context,
): Promise<EndpointReply> {
  const { reader, options } = mounted;
  const { dialect } = call;
  const requested = checkNames(call.channels, options);
  const timeout = checkTimeout(call.timeout, options.timeout);
  const last = checkLast(call.last);
  const keys = await grant(requested, options.channels, context, call.options);
  const reaching = reader.reach(last);
  if (reaching !== undefined) await reaching;
  // From here on nothing is awaited until the poll is parked.
  const ask = { keys, last, limit: reader.limit, lookback: call.lookback };
  const found = reader.read(ask);
  if (call.options["peek"] === true) return dialect.peek(found ?? reader.nothing(), keys);
  if (found !== undefined) return dialect.answer(found);
  if (timeout === 0) return dialect.answer(reader.nothing());
  return dialect.answer(await park(mounted, ask, timeout, request.signal));
}

async function park<C extends object, Context>(
  mounted: Mounted<C, Context>,
  ask: Ask,
  timeout: number,
  signal: AbortSignal,
): Promise<Answer> {
  const { reader } = mounted;
  checkRoom(mounted);
  mounted.waiting += 1;
  try {
    return await reader.park(ask, { deadline: reader.clock.monotonic() + timeout, signal, form: itself });
  } finally {
    mounted.waiting -= 1;
  }
}

function itself(answer: Answer): Answer {
  return answer;
}

function checkTimeout(timeout: unknown, longest: number): number {
  if (timeout === undefined) return longest;
  if (Number.isSafeInteger(timeout) && (timeout as number) >= 0) return Math.min(timeout as number, longest);
  throw new Refusal(400, "bad_timeout", `timeout must be an integer of ms from 0 up, got ${given(timeout)}`);
}
