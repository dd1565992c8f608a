import { checkLast } from "../../core/arguments.ts";
import type { Following } from "../../core/following.ts";
import type { Identity } from "../../presence/presence.ts";
import { unlessAborted } from "../../util/signals.ts";
import { integer } from "../dialects/plain.ts";
import { bodyOf, type JsonObject, jsonIn } from "../endpoint/body.ts";
import type { Place } from "../endpoint/capacity.ts";
import { checkNames, checkSome } from "../endpoint/channels.ts";
import type { EndpointReply, EndpointRequest } from "../endpoint/request.ts";
import type { Mounted } from "../mounted.ts";
import { grant } from "./grant.ts";
import { connect, leased, personOf } from "./person.ts";

/** The headers of a stream. They keep proxies and compression from holding it back. */
export const STREAMING: Readonly<Record<string, string>> = {
  "Content-Type": "text/event-stream; charset=utf-8",
  "Cache-Control": "no-cache, no-transform",
  "X-Accel-Buffering": "no",
  Incremental: "?1", // the same, by RFC 10036
  "X-Content-Type-Options": "nosniff",
};

/** The beginning of a stream. */
interface Beginning {
  readonly last: number;
  /** True if the stream first tells that something was missed. */
  readonly missed: boolean;
}

/**
 * `GET events` and `POST events`: server-sent events, after the HTML standard. A stream begins after the id of
 * `Last-Event-ID`, else of `lastEventId`, as polyfills name it, else after `last`, else now. `HEAD` answers the headers
 * alone.
 */
export async function events<C extends object, Context>(
  mounted: Mounted<C, Context>,
  request: EndpointRequest,
  context: Context,
): Promise<EndpointReply> {
  const { hub, options, streams, capacity } = mounted;
  const asked = request.method === "POST" ? jsonIn(await bodyOf(request, mounted.bodies)) : askedIn(request.query);
  const requested = checkNames(asked["channels"], options);
  const { following, missed, keys, person } = await follower(mounted, requested, asked, request, context);
  const headers = { "Nightbus-Last": String(hub.last), ...STREAMING };
  if (request.method === "HEAD") return { status: 200, headers, body: undefined };
  capacity.check();
  mounted.unsent.check(0);
  // The connection ends with the stream, because a closing server would wait for its next request.
  const ending = { Connection: "close", ...headers };
  const body = leased(
    () => connect(mounted, person, keys),
    (sink) => streams.open({ following, missed, sink }),
  );
  return { status: 200, headers: ending, body };
}

/** A stream's reader, and the person behind it. */
interface Follower {
  readonly following: Following;
  readonly missed: boolean;
  readonly keys: readonly string[];
  readonly person: Identity | undefined;
}

/**
 * Returns a follower of the granted channels. The request has a place meanwhile, in the hook and while the store opens or catches
 * up, until its client goes.
 */
async function follower<C extends object, Context>(
  mounted: Mounted<C, Context>,
  requested: readonly string[],
  asked: JsonObject,
  request: EndpointRequest,
  context: Context,
): Promise<Follower> {
  const place = mounted.capacity.place();
  try {
    const now = await newestId(mounted, request, place); // read before the hook, which may take its time
    const { last, missed } = beginning(request.header("last-event-id"), asked, now);
    const keys = await grant(mounted, { requested, request, context, options: {} }, place);
    checkSome(keys);
    const person = await personOf(mounted, { request, context });
    const following = await mounted.hub.follow(keys, last, mounted.pages, { reader: request, place });
    return { following, missed, keys, person };
  } finally {
    place.leave();
  }
}

function newestId<C extends object, Context>(
  { hub }: Mounted<C, Context>,
  { signal }: EndpointRequest,
  place: Place,
): number | Promise<number> {
  if (hub.isLive) return hub.newestId;
  place.take();
  return unlessAborted(Promise.resolve(hub.newestId), signal);
}

function askedIn(query: string): JsonObject {
  const parameters = new URLSearchParams(query);
  return {
    channels: parameters.getAll("channels"),
    last: integer(parameters.get("last")),
    lastEventId: parameters.getAll("lastEventId").at(-1),
  };
}

function beginning(header: string | undefined, { lastEventId, last }: JsonObject, now: number): Beginning {
  const id = header || lastEventId;
  if (id === undefined || id === null || id === "") return { last: checkLast(last ?? now), missed: false };
  // An id that is no integer comes from another server, so the stream begins with `missed`. A body may have any JSON here.
  const position = typeof id === "string" ? integer(id) : id;
  const isPosition = typeof position === "number" && Number.isSafeInteger(position) && position >= 0;
  return isPosition ? { last: position, missed: false } : { last: 0, missed: true };
}
