import { type Bus, hubOf } from "../bus.ts";
import { asError } from "../errors.ts";
import { BodyDeadlines } from "./endpoint/body-deadlines.ts";
import { Capacity } from "./endpoint/capacity.ts";
import { corsHeaders, preflight } from "./endpoint/cors.ts";
import { Hooks } from "./endpoint/hooks.ts";
import { Idle } from "./endpoint/idle.ts";
import { withHeaders } from "./endpoint/json-reply.ts";
import { Refusal, refusalOf, refusalOfGone } from "./endpoint/refusal.ts";
import { refused } from "./endpoint/replies.ts";
import type { EndpointReply, EndpointRequest, Sink } from "./endpoint/request.ts";
import { Waits } from "./endpoint/waits.ts";
import type { Mounted } from "./mounted.ts";
import { type Cors, checkOptions, type MountOptions } from "./options.ts";
import { asyncapi } from "./routes/asyncapi.ts";
import { events } from "./routes/events.ts";
import { health } from "./routes/health.ts";
import { imStatus } from "./routes/im-status.ts";
import { poll } from "./routes/poll.ts";
import { members, report } from "./routes/presence.ts";
import { refusedEvents } from "./routes/refused-events.ts";
import { send } from "./routes/send.ts";
import { EventStreams } from "./sse/event-streams.ts";
import { Deliveries } from "./writing/deliveries.ts";
import { Unsent } from "./writing/unsent.ts";

type Route = <C extends object, Context>(
  mounted: Mounted<C, Context>,
  request: EndpointRequest,
  context: Context,
) => Promise<EndpointReply>;

type Methods = ReadonlyMap<string, Route>;

// Routes are Maps, because requests name them, and an object also has inherited names.
const ROUTES: ReadonlyMap<string, Methods> = table({
  poll: table<Route>({ GET: poll, POST: poll }),
  events: table<Route>({ GET: events, HEAD: events, POST: events }),
  send: table<Route>({ POST: send }),
  presence: table<Route>({ GET: members, POST: report }),
  im_status: table<Route>({ POST: imStatus }),
  health: table<Route>({ GET: health, HEAD: health }),
  asyncapi: table<Route>({ GET: asyncapi, HEAD: asyncapi }),
});

/** The one HTTP behaviour of nightbus, behind every mount. */
export class Endpoint<C extends object, Context> {
  readonly #mounted: Mounted<C, Context>;
  readonly #waits: Waits;
  #isClosed = false;

  /** Mounts a bus. Throws `bad_option`. */
  constructor(bus: Bus<C>, options: MountOptions<C, Context>) {
    const hub = hubOf(bus);
    const { clock, meter } = hub;
    const checked = checkOptions(options);
    const failed = (thrown: unknown): void => void bus.emit("error", asError(thrown));
    const waits = new Waits(clock);
    this.#waits = waits;
    const unsent = new Unsent(checked.maxUnsent, meter);
    const streams = new EventStreams({ ...checked, hub, unsent, failed, mount: this });
    const deliveries = new Deliveries({ ...checked, clock, unsent, failed });
    const capacity = new Capacity(checked.maxWaiting, () => streams.size + deliveries.size);
    this.#mounted = {
      bus,
      hub,
      options: checked,
      capacity,
      streams,
      pages: { limit: hub.limit, size: checked.maxBuffered },
      bodies: new BodyDeadlines({ ...checked, waits }),
      hooks: new Hooks({ ...checked, waits, failed }),
      idle: new Idle(hub),
      unsent,
      deliveries,
      form: (answer) => answer,
    };
    hub.closings.add(this);
  }

  /** The number of waiting requests: in a hook, parked, streaming, or with an answer that the client has yet to take. */
  get waiting(): number {
    return this.#mounted.capacity.size;
  }

  /** True if connections are not kept, because the mount or its bus closes. */
  get isClosing(): boolean {
    return this.#isClosed || this.#mounted.hub.isClosing;
  }

  /**
   * Notes bytes that a client did not take at once. Hosts that can see such bytes call it. Returns a callback for the
   * end of the response.
   */
  left(sink: Sink, bytes: Uint8Array): () => void {
    return this.#mounted.deliveries.left(sink, bytes);
  }

  /** Answers the waiting polls, ends the streams, and refuses new requests. The bus stays open. A second call does nothing. */
  close(): void {
    if (this.#isClosed) return;
    this.#isClosed = true;
    const { capacity, streams, hub, idle, form } = this.#mounted;
    capacity.close();
    this.#waits.close();
    streams.close();
    hub.release(form);
    idle.release();
  }

  /** Answers a request; undefined if its path is no route of the mount. Never rejects. */
  handle(request: EndpointRequest, context: Context): Promise<EndpointReply> | undefined {
    const methods = this.#methods(request);
    if (methods === undefined) return undefined;
    const { cors } = this.#mounted.options;
    if (cors === undefined) return this.#answer(methods, request, context);
    return this.#answerAcross(cors, methods, request, context);
  }

  async #answerAcross(
    cors: Cors,
    methods: Methods,
    request: EndpointRequest,
    context: Context,
  ): Promise<EndpointReply> {
    try {
      const headers = corsHeaders(cors, request);
      const isAsking = request.method === "OPTIONS";
      const reply = isAsking ? preflight(cors, request) : await this.#answer(methods, request, context);
      return withHeaders(reply, headers);
    } catch (error) {
      return this.#failed(error, request, methods.get(request.method));
    }
  }

  // The path is compared as it came, because a guard elsewhere compares it in the same way.
  #methods({ path, mount }: EndpointRequest): Methods | undefined {
    const { isAt, send, presence, asyncapi } = this.#mounted.options;
    const slash = path.lastIndexOf("/");
    const above = path.slice(0, slash);
    if (slash === -1 || !(isAt === undefined ? above === mount : isAt(above))) return undefined;
    const name = path.slice(slash + 1);
    if (name === "send" && send === undefined) return undefined;
    if ((name === "presence" || name === "im_status") && presence === undefined) return undefined;
    if (name === "asyncapi" && asyncapi === undefined) return undefined;
    return ROUTES.get(name);
  }

  // Every poll waits for each promise here and in the routes, and holds it while parked. Promises without need are left out.
  #answer(methods: Methods, request: EndpointRequest, context: Context): Promise<EndpointReply> {
    const route = methods.get(request.method);
    if (route !== undefined) {
      return route(this.#mounted, request, context).catch((error) => this.#failed(error, request, route));
    }
    const allowed = [...methods.keys()].join(", ");
    return Promise.resolve(
      refused(new Refusal(405, "bad_method", `use ${allowed} here`, { headers: { Allow: allowed } })),
    );
  }

  #failed(error: unknown, request: EndpointRequest, route: Route | undefined): EndpointReply {
    const gone = refusalOfGone(error, request.signal);
    if (gone !== undefined) return refused(gone);
    const known = refusalOf(error);
    if (known === undefined) this.#mounted.bus.emit("error", asError(error));
    const refusal = known ?? new Refusal(500, "internal", "something went wrong on the server");
    return route === events ? refusedEvents(refusal, request) : refused(refusal);
  }
}

/** Answers a path that is no route, on hosts without a next handler. */
export function notFound(): EndpointReply {
  return refused(new Refusal(404, "not_found", "there is nothing here; the routes are poll, events, send and health"));
}

function table<T>(entries: Readonly<Record<string, T>>): ReadonlyMap<string, T> {
  return new Map(Object.entries(entries));
}
