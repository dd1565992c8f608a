import { checkLast } from "../input.ts";
import { checkNames, grant } from "./channels.ts";
import { checkRoom } from "./crowd.ts";
import type { Mounted } from "./endpoint.ts";
import { integer } from "./plain.ts";
import type { EndpointReply, EndpointRequest } from "./request.ts";

/** The headers of a stream: no proxy and no compression may hold it back. */
const HEADERS: Readonly<Record<string, string>> = {
  "Content-Type": "text/event-stream; charset=utf-8",
  "Cache-Control": "no-cache, no-transform",
  "X-Accel-Buffering": "no",
  "X-Content-Type-Options": "nosniff",
};

/**
 * `GET events`: server-sent events, after the HTML standard. They begin after the id of `Last-Event-ID`, else after `last`,
 * else now. `HEAD` answers the headers alone.
 */
export async function events<C extends object, Context>(
  mounted: Mounted<C, Context>,
  request: EndpointRequest,
  context: Context,
): Promise<EndpointReply> {
  const { reader, options, streams } = mounted;
  const parameters = new URLSearchParams(request.query);
  const requested = checkNames(parameters.getAll("channels"), options);
  const now = await reader.now; // before the hook, which may take its time
  const asked = request.header("last-event-id") ?? parameters.get("last");
  const last = asked === null ? now : checkLast(integer(asked));
  const keys = await grant(requested, options.channels, context, {});
  const reaching = reader.reach(last);
  if (reaching !== undefined) await reaching;
  const headers = { "Nightbus-Last": String(reader.last), ...HEADERS };
  if (request.method === "HEAD") return { status: 200, headers, body: undefined };
  checkRoom(mounted);
  return { status: 200, headers, body: (sink) => streams.open(keys, last, sink) };
}
