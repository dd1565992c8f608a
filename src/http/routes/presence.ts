import { given } from "../../errors.ts";
import { keyOf } from "../../notification.ts";
import { inTime } from "../../util/in-time.ts";
import { unlessAborted } from "../../util/signals.ts";
import { bodyOf, jsonIn } from "../endpoint/body.ts";
import type { Place } from "../endpoint/capacity.ts";
import { checkNames } from "../endpoint/channels.ts";
import { Refusal, unavailable } from "../endpoint/refusal.ts";
import { json } from "../endpoint/replies.ts";
import type { EndpointReply, EndpointRequest } from "../endpoint/request.ts";
import type { Mounted } from "../mounted.ts";
import { grant } from "./grant.ts";
import { connect, personOf } from "./person.ts";

/** The longest wait for the members of other processes, in ms. They answer within two seconds unless the store is away. */
const LONGEST_WAIT = 5_000;

/**
 * `GET presence`: the members of the channels whose `["presence", channel]` the hook grants, and the position of the
 * list. The changes after that position make it the later list.
 */
export async function members<C extends object, Context>(
  mounted: Mounted<C, Context>,
  request: EndpointRequest,
  context: Context,
): Promise<EndpointReply> {
  const { hub, options, capacity } = mounted;
  const requested = checkNames(new URLSearchParams(request.query).getAll("channels"), options);
  return placed(capacity.place(), async (place) => {
    const granted = new Set(await grant(mounted, { requested, request, context, options: {} }, place));
    const shown = requested.filter((name) => name !== "presence" && granted.has(keyOf(["presence", name])));
    place.take();
    const ready = options.presence?.ready() ?? Promise.resolve();
    await unlessAborted(inTime(hub.clock, LONGEST_WAIT, ready, late), request.signal);
    // The lists and the position are of one moment, because nothing is awaited from here on.
    const lists: Record<string, unknown> = Object.create(null);
    for (const name of shown) lists[name] = options.presence?.of(name);
    const text = JSON.stringify({ last: hub.last, members: lists });
    if (text.length <= options.maxAnswer || shown.length === 1) return json(200, text);
    throw new Refusal(413, "too_large", `the lists of ${shown.length} channels are too long, ask for fewer at once`);
  });
}

/** `POST presence`: a person reports the time since its last activity, in ms. */
export async function report<C extends object, Context>(
  mounted: Mounted<C, Context>,
  request: EndpointRequest,
  context: Context,
): Promise<EndpointReply> {
  const { inactive } = jsonIn(await bodyOf(request, mounted.bodies));
  if (typeof inactive !== "number" || !(inactive >= 0)) {
    throw new Refusal(400, "bad_inactive", `inactive must be a number of ms from 0 up, got ${given(inactive)}`);
  }
  return placed(mounted.capacity.place(), async (place) => {
    place.take();
    const person = await personOf(mounted, { request, context });
    if (person === undefined) throw new Refusal(403, "refused", "nobody is behind this request");
    const connection = connect(mounted, person, []);
    connection?.report(inactive);
    connection?.leave();
    return json(200, "{}");
  });
}

function late(): Refusal {
  return unavailable("store", "the members of other processes are not known at the moment");
}

async function placed(place: Place, work: (place: Place) => Promise<EndpointReply>): Promise<EndpointReply> {
  try {
    return await work(place);
  } finally {
    place.leave();
  }
}
