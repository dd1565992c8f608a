import type { Signal } from "../abort.ts";
import { type Bus, readerOf } from "../bus.ts";
import { asError } from "../errors.ts";
import type { Reader } from "../reader.ts";
import { Bodies } from "./bodies.ts";
import { corsHeaders, preflight } from "./cors.ts";
import { events } from "./events.ts";
import { health } from "./health.ts";
import { type CheckedOptions, type Cors, checkOptions, type MountOptions } from "./options.ts";
import { poll } from "./poll.ts";
import { Refusal, refusalOf } from "./refusal.ts";
import { refused } from "./replies.ts";
import type { EndpointReply, EndpointRequest } from "./request.ts";
import { send } from "./send.ts";
import { Streams } from "./streams.ts";

/** What the routes of a mount share. */
export interface Mounted<C extends object, Context> {
  readonly bus: Bus<C>;
  readonly reader: Reader;
  readonly options: CheckedOptions<C, Context>;
  readonly streams: Streams;
  readonly bodies: Bodies;
  /** The number of polls that wait through this mount. */
  polls: number;
}

type Route = <C extends object, Context>(
  mounted: Mounted<C, Context>,
  request: EndpointRequest,
  context: Context,
) => Promise<EndpointReply>;

type Methods = ReadonlyMap<string, Route>;

// Maps, since what is looked up comes from outside: an object also has what it inherits.
const ROUTES: ReadonlyMap<string, Methods> = table({
  poll: table<Route>({ GET: poll, POST: poll }),
  events: table<Route>({ GET: events, HEAD: events }),
  send: table<Route>({ POST: send }),
  health: table<Route>({ GET: health, HEAD: health }),
});

/** The one HTTP behaviour of nightbus, behind every mount. */
export class Endpoint<C extends object, Context> {
  readonly #mounted: Mounted<C, Context>;

  /** Throws `bad_option`. */
  constructor(bus: Bus<C>, options: MountOptions<C, Context>) {
    const reader = readerOf(bus);
    const checked = checkOptions(options);
    const streams = new Streams({ ...checked, reader });
    bus.once("close", () => streams.close());
    const bodies = new Bodies({ ...checked, clock: reader.clock });
    this.#mounted = { bus, reader, options: checked, streams, bodies, polls: 0 };
  }

  /** The number of polls and streams that wait through this mount. */
  get waiting(): number {
    const { polls, streams } = this.#mounted;
    return polls + streams.size;
  }

  /** Answers a request; undefined when its path is none of ours. Never rejects. */
  handle(request: EndpointRequest, context: Context): Promise<EndpointReply> | undefined {
    const methods = this.#methods(request.path);
    if (methods === undefined) return undefined;
    const { cors } = this.#mounted.options;
    if (cors === undefined) return this.#answer(methods, request, context);
    return this.#answerAcross(cors, request, () => this.#answer(methods, request, context));
  }

  async #answerAcross(
    cors: Cors,
    request: EndpointRequest,
    answer: () => Promise<EndpointReply>,
  ): Promise<EndpointReply> {
    try {
      const headers = corsHeaders(cors, request);
      const reply = request.method === "OPTIONS" ? preflight(cors, request) : await answer();
      return { ...reply, headers: { ...reply.headers, ...headers } };
    } catch (error) {
      return this.#failed(error, request);
    }
  }

  #methods(path: string): Methods | undefined {
    const { prefix, send } = this.#mounted.options;
    const slash = path.lastIndexOf("/");
    if (prefix !== undefined && path.slice(0, slash) !== prefix) return undefined;
    const name = path.slice(slash + 1);
    if (name === "send" && send === undefined) return undefined;
    return ROUTES.get(name);
  }

  // Here and in the routes each promise that is not needed is one that every poll would wait for, and hold while it is parked.
  #answer(methods: Methods, request: EndpointRequest, context: Context): Promise<EndpointReply> {
    const route = methods.get(request.method);
    if (route !== undefined) {
      return route(this.#mounted, request, context).catch((error) => this.#failed(error, request));
    }
    const allowed = [...methods.keys()].join(", ");
    return Promise.resolve(
      refused(new Refusal(405, "bad_method", `use ${allowed} here`, { headers: { Allow: allowed } })),
    );
  }

  #failed(error: unknown, request: EndpointRequest): EndpointReply {
    // Nobody reads what is answered to a client that has gone; proxies know this status by that meaning.
    if (saysGone(error, request.signal)) return refused(new Refusal(499, "gone", "the client has gone"));
    const refusal = refusalOf(error);
    if (refusal !== undefined) return refused(refusal);
    this.#mounted.bus.emit("error", asError(error));
    return refused(new Refusal(500, "internal", "something went wrong on the server"));
  }
}

/** Whether it is no news that this failed, since the client has gone: a hook may have been ended by the same signal. */
function saysGone(error: unknown, { aborted, reason }: Signal): boolean {
  if (!aborted) return false;
  if (error === reason || refusalOf(error) !== undefined) return true;
  const cause = Object(asError(error).cause) as { name?: unknown };
  return cause === reason || cause.name === "AbortError";
}

/** What is answered to a path that is none of ours, where nobody else can be asked. */
export function notFound(): EndpointReply {
  return refused(new Refusal(404, "not_found", "there is nothing here; the routes are poll, events, send and health"));
}

function table<T>(entries: Readonly<Record<string, T>>): ReadonlyMap<string, T> {
  return new Map(Object.entries(entries));
}
