import { checkLast } from "../../core/arguments.ts";
import type { PollTerms } from "../../core/readers.ts";
import { given } from "../../errors.ts";
import type { Answer } from "../../log/answer.ts";
import type { Query } from "../../log/query.ts";
import type { Connection } from "../../presence/presence.ts";
import type { Dialect, PollCall } from "../dialects/dialect.ts";
import { isJsonRpc, rpcPoll } from "../dialects/jsonrpc.ts";
import { plainPoll, queryPoll } from "../dialects/plain.ts";
import { bodyOf, type JsonObject, jsonIn } from "../endpoint/body.ts";
import type { Place } from "../endpoint/capacity.ts";
import { checkNames, checkSome, keysOf } from "../endpoint/channels.ts";
import { Refusal, refusalOf } from "../endpoint/refusal.ts";
import type { EndpointReply, EndpointRequest } from "../endpoint/request.ts";
import type { Mounted } from "../mounted.ts";
import { listOf, PIECE } from "../writing/pieces.ts";
import { grant } from "./grant.ts";
import { hasStatuses, reportInactivity, withStatuses } from "./im-status.ts";
import { waitForOdoo } from "./odoo-wait.ts";
import { connect, personOf } from "./person.ts";
import { seenBy, statusesOf } from "./statuses.ts";

/** A poll as its reply sees it. */
interface Replying<C extends object, Context> {
  readonly mounted: Mounted<C, Context>;
  readonly dialect: Dialect;
  readonly keys: readonly string[];
  readonly place: Place;
  /** True if the poll asks for its channels, and never waits for rows. */
  readonly peeks: boolean;
}

/** The checked words of a poll. */
interface Asked {
  readonly requested: readonly string[];
  readonly timeout: number;
  readonly last: number;
}

/** `POST poll` and `GET poll`: the long poll. */
export async function poll<C extends object, Context>(
  mounted: Mounted<C, Context>,
  request: EndpointRequest,
  context: Context,
): Promise<EndpointReply> {
  const { channels: hook, presence, lookback } = mounted.options;
  const call =
    request.method === "GET"
      ? queryPoll(request.query)
      : postedPoll(jsonIn(await bodyOf(request, mounted.bodies)), lookback);
  const isAlone = hook === undefined && presence === undefined && !call.isHeld;
  return isAlone ? pollAlone(mounted, request, call) : pollWithHooks(mounted, request, context, call);
}

/**
 * Polls without hooks. Most polls are answered in the turn of the event loop in which their body arrives. The function
 * is not async, because the frame of an async one weighs 0.5 kB as long as the poll is parked.
 */
function pollAlone<C extends object, Context>(
  mounted: Mounted<C, Context>,
  request: EndpointRequest,
  call: PollCall,
): EndpointReply | Promise<EndpointReply> {
  const place = mounted.capacity.place();
  const peeks = isPeek(call);
  let replying: Replying<C, Context> = { mounted, dialect: call.dialect, keys: [], place, peeks };
  try {
    const { requested, timeout, last } = checked(mounted, call);
    replying = { ...replying, keys: keysOf(requested, false) };
    const answer = read(replying, request, call, { timeout, last });
    if (!("then" in answer)) return answered(replying, answer);
    return answer.then(
      (found) => answered(replying, found),
      (error: unknown) => failed(replying, error),
    );
  } catch (error) {
    return failed(replying, error);
  }
}

async function pollWithHooks<C extends object, Context>(
  mounted: Mounted<C, Context>,
  request: EndpointRequest,
  context: Context,
  call: PollCall,
): Promise<EndpointReply> {
  const { options } = mounted;
  const place = mounted.capacity.place();
  let connection: Connection | undefined;
  try {
    const { requested, timeout, last } = checked(mounted, call);
    const granted = grant(mounted, { requested, request, context, options: call.options }, place);
    const keys = granted instanceof Promise ? await granted : granted;
    if (options.presence !== undefined) {
      place.take();
      connection = connect(mounted, await personOf(mounted, { request, context }), keys);
      reportInactivity(connection, call.options);
    }
    const replying = { mounted, dialect: call.dialect, keys, place, peeks: isPeek(call) };
    if (!call.isHeld) {
      const answer = read(replying, request, call, { timeout, last });
      return reply(replying, "then" in answer ? await answer : answer); // a bus of another realm has other promises
    }
    const ids = connection && call.options["bus_presence_partner_ids"];
    const seen = ids === undefined ? [] : await seenBy(mounted, { request, context, ids });
    const query = queryOf(replying, call, last);
    const answer = await waitForOdoo(mounted, query, timeout, request.signal, place);
    return reply(replying, withStatuses(answer, statusesOf(mounted, seen), keys));
  } catch (error) {
    return refusedBy(call.dialect, error);
  } finally {
    connection?.leave();
    place.leave();
  }
}

function postedPoll(body: JsonObject, lookback: number): PollCall {
  return isJsonRpc(body) ? rpcPoll(body, lookback) : plainPoll(body);
}

function checked<C extends object, Context>({ options }: Mounted<C, Context>, call: PollCall): Asked {
  const requested = checkNames(call.channels, options);
  const timeout = checkTimeout(call.timeout, options.timeout);
  return { requested, timeout, last: checkLast(call.last) };
}

function read<C extends object, Context>(
  replying: Replying<C, Context>,
  { signal }: EndpointRequest,
  call: PollCall,
  { timeout, last }: Omit<Asked, "requested">,
): Answer | Promise<Answer> {
  const { mounted, keys, place, peeks } = replying;
  if (!peeks) checkSome(keys);
  const terms: PollTerms<Answer> = { timeout: peeks ? 0 : timeout, signal, form: mounted.form, place };
  return mounted.hub.poll(queryOf(replying, call, last), terms);
}

function queryOf<C extends object, Context>(
  { mounted: { hub, options }, keys }: Replying<C, Context>,
  { lookback }: PollCall,
  last: number,
): Query {
  return { keys, last, limit: hub.limit, size: options.maxAnswer, lookback };
}

function isPeek({ options }: PollCall): boolean {
  return options["peek"] === true;
}

function answered<C extends object, Context>(replying: Replying<C, Context>, answer: Answer): EndpointReply {
  replying.place.leave();
  try {
    return reply(replying, answer);
  } catch (error) {
    return refusedBy(replying.dialect, error);
  }
}

function failed<C extends object, Context>({ place, dialect }: Replying<C, Context>, error: unknown): EndpointReply {
  place.leave();
  return refusedBy(dialect, error);
}

function refusedBy(dialect: Dialect, error: unknown): EndpointReply {
  const refusal = refusalOf(error);
  if (refusal === undefined) throw error;
  return dialect.refused(refusal);
}

/** Replies with an answer; a long one is written in pieces. Throws a Refusal if clients have too many bytes to take already. */
function reply<C extends object, Context>(
  { mounted: { unsent, deliveries }, dialect, keys, peeks }: Replying<C, Context>,
  answer: Answer,
): EndpointReply {
  const given = { answer, missed: answer.missed, peeked: peeks ? keys : undefined };
  const { rows, size } = answer;
  if (size <= PIECE) {
    if (rows.length > 0) unsent.check(size);
    return dialect.answer(given);
  }
  const { head, tail, headers } = dialect.around(given);
  const window = windowOf(keys, answer);
  deliveries.check(window, size);
  return { status: 200, headers, body: deliveries.body({ head, pieces: listOf(answer), tail, window }) };
}

/** Names the rows of an answer, by which clients share their bytes. Undefined for rows that belong to one client. */
function windowOf(keys: readonly string[], answer: Answer): string | undefined {
  if (hasStatuses(answer)) return undefined;
  const { rows } = answer;
  return `${keys.join()} ${rows[0]?.id} ${rows.at(-1)?.id} ${rows.length}`;
}

function checkTimeout(timeout: unknown, longest: number): number {
  if (timeout === undefined) return longest;
  if (Number.isSafeInteger(timeout) && (timeout as number) >= 0) return Math.min(timeout as number, longest);
  throw new Refusal(400, "bad_timeout", `timeout must be an integer of ms from 0 up, got ${given(timeout)}`);
}
