import { type Bus, hubOf } from "../bus.ts";
import { asError } from "../errors.ts";
import type { Signal } from "../util/abort.ts";
import { BodyDeadlines } from "./endpoint/body-deadlines.ts";
import { Capacity } from "./endpoint/capacity.ts";
import { whenClosed } from "./endpoint/closing.ts";
import { corsHeaders, preflight } from "./endpoint/cors.ts";
import { Hooks } from "./endpoint/hooks.ts";
import { Idle } from "./endpoint/idle.ts";
import { Refusal, refusalOf } from "./endpoint/refusal.ts";
import { refused } from "./endpoint/replies.ts";
import type { EndpointReply, EndpointRequest, Sink } from "./endpoint/request.ts";
import { Waits } from "./endpoint/waits.ts";
import type { Mounted } from "./mounted.ts";
import { type Cors, checkOptions, type MountOptions } from "./options.ts";
import { events } from "./routes/events.ts";
import { health } from "./routes/health.ts";
import { poll } from "./routes/poll.ts";
import { refusedEvents } from "./routes/refused-events.ts";
import { send } from "./routes/send.ts";
import { Streams } from "./sse/streams.ts";
import { Deliveries } from "./writing/deliveries.ts";
import { Unsent } from "./writing/unsent.ts";

type Route = <C extends object, Context>(
  mounted: Mounted<C, Context>,
  request: EndpointRequest,
  context: Context,
) => Promise<EndpointReply>;

type Methods = ReadonlyMap<string, Route>;

// Maps, since what is looked up comes from outside: an object also has what it inherits.
const ROUTES: ReadonlyMap<string, Methods> = table({
  poll: table<Route>({ GET: poll, POST: poll }),
  events: table<Route>({ GET: events, HEAD: events, POST: events }),
  send: table<Route>({ POST: send }),
  health: table<Route>({ GET: health, HEAD: health }),
});

/** The one HTTP behaviour of nightbus, behind every mount. */
export class Endpoint<C extends object, Context> {
  readonly #mounted: Mounted<C, Context>;
  readonly #waits: Waits;
  #isClosed = false;

  /** Throws `bad_option`. */
  constructor(bus: Bus<C>, options: MountOptions<C, Context>) {
    const hub = hubOf(bus);
    const { clock, meter } = hub;
    const checked = checkOptions(options);
    const failed = (thrown: unknown): void => void bus.emit("error", asError(thrown));
    const waits = new Waits(clock);
    this.#waits = waits;
    const unsent = new Unsent(checked.maxUnsent, meter);
    const streams = new Streams({ ...checked, hub, unsent, failed });
    const deliveries = new Deliveries({ ...checked, clock, unsent, failed });
    const capacity = new Capacity(checked.maxWaiting, () => streams.size + deliveries.size);
    this.#mounted = {
      bus,
      hub,
      options: checked,
      capacity,
      streams,
      bodies: new BodyDeadlines({ ...checked, waits }),
      hooks: new Hooks({ ...checked, waits, failed }),
      idle: new Idle(hub),
      unsent,
      deliveries,
      form: (answer) => answer,
      admit: () => capacity.enter(),
    };
    whenClosed(bus, () => this.close());
  }

  /** The number of requests that wait: in a hook, parked, streaming, or for their client to take the answer. */
  get waiting(): number {
    return this.#mounted.capacity.size;
  }

  /** True if connections are not to be kept, since the mount or its bus closes. */
  get isClosing(): boolean {
    return this.#isClosed || this.#mounted.hub.isClosing;
  }

  /** Notes bytes that a client did not take at once, for hosts that see it. Returns a callback for the end of the response. */
  left(sink: Sink, bytes: Uint8Array): () => void {
    return this.#mounted.deliveries.left(sink, bytes);
  }

  /** Answers the polls that wait here, ends the streams, and refuses new ones. The bus stays open. Twice is once. */
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

  /** Answers a request; undefined when its path is none of ours. Never rejects. */
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
      return { ...reply, headers: { ...reply.headers, ...headers } };
    } catch (error) {
      return this.#failed(error, request, methods.get(request.method));
    }
  }

  // The path is compared as it came: whoever guards it elsewhere may compare it otherwise than by what it could mean.
  #methods({ path, mount }: EndpointRequest): Methods | undefined {
    const { isAt, send } = this.#mounted.options;
    const slash = path.lastIndexOf("/");
    const above = path.slice(0, slash);
    if (slash === -1 || !(isAt === undefined ? above === mount : isAt(above))) return undefined;
    const name = path.slice(slash + 1);
    if (name === "send" && send === undefined) return undefined;
    return ROUTES.get(name);
  }

  // Here and in the routes each promise that is not needed is one that every poll would wait for, and hold while it is parked.
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
    // Nobody reads what is answered to a client that has gone; proxies know this status by that meaning.
    if (saysGone(error, request.signal)) return refused(new Refusal(499, "gone", "the client has gone"));
    const known = refusalOf(error);
    if (known === undefined) this.#mounted.bus.emit("error", asError(error));
    const refusal = known ?? new Refusal(500, "internal", "something went wrong on the server");
    return route === events ? refusedEvents(refusal, request) : refused(refusal);
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
