import type { Answer } from "../../log/answer.ts";
import type { Around } from "../dialects/dialect.ts";
import { JsonRpc, paramsOf } from "../dialects/jsonrpc.ts";
import { bodyOf, type JsonObject, jsonIn } from "../endpoint/body.ts";
import { BodyDeadlines } from "../endpoint/body-deadlines.ts";
import { checkNames } from "../endpoint/channels.ts";
import { corsHeaders, preflight } from "../endpoint/cors.ts";
import { withHeaders } from "../endpoint/json-reply.ts";
import { Refusal, refusalOf, refusalOfGone } from "../endpoint/refusal.ts";
import { json, refused } from "../endpoint/replies.ts";
import type { EndpointReply, EndpointRequest, Sink } from "../endpoint/request.ts";
import { grant } from "../routes/grant.ts";
import { healthOf } from "../routes/health.ts";
import { Deliveries } from "../writing/deliveries.ts";
import { PIECE, Pieces } from "../writing/pieces.ts";
import { decided } from "./decided.ts";
import { lastOf } from "./frame.ts";
import { notUpgrade } from "./handshake.ts";
import { listOfMessages } from "./messages.ts";
import { parted } from "./requested.ts";
import type { Sockets } from "./sockets.ts";

/** Odoo lets pages of every origin call these routes, without cookies. */
const CORS = { origin: "*" } as const;

/** The cookie that marks a client after its first peek. */
const PEEKED = "nightbus-peeked=1";

type Call<Context> = (
  request: EndpointRequest,
  body: JsonObject,
  rpc: JsonRpc,
  context: Context,
) => Promise<EndpointReply>;

/** The routes beside the socket, over HTTP. */
export class Beside<C extends object, Context> {
  readonly #sockets: Sockets<C, Context>;
  readonly #bodies: BodyDeadlines;
  readonly #deliveries: Deliveries;
  readonly #calls: ReadonlyMap<string, Call<Context>>;

  constructor(sockets: Sockets<C, Context>) {
    const { options, waits, hub, unsent, failed } = sockets;
    this.#sockets = sockets;
    this.#bodies = new BodyDeadlines({ ...options, waits });
    this.#deliveries = new Deliveries({ ...options, clock: hub.clock, unsent, failed });
    const empty: Call<Context> = async (_, __, rpc) => rpc.result("{}");
    this.#calls = new Map<string, Call<Context>>([
      ["peek_notifications", (...call) => this.#peek(...call)],
      ["update_bus_presence", empty],
      ["on_closed", async (_, __, rpc) => rpc.sent()],
    ]);
  }

  /** True if connections are not kept. */
  get isClosing(): boolean {
    return this.#sockets.isClosing;
  }

  /** Notes bytes that a client did not take at once. Returns a callback for the end of the response. */
  left(sink: Sink, bytes: Uint8Array): () => void {
    return this.#deliveries.left(sink, bytes);
  }

  /** Answers a request; undefined if its path is none of these. Never rejects. */
  handle(request: EndpointRequest, context: Context): Promise<EndpointReply> | undefined {
    const { path } = this.#sockets.options;
    if (request.path === path) return Promise.resolve(refused(notUpgrade()));
    if (!request.path.startsWith(`${path}/`)) return undefined;
    const name = request.path.slice(path.length + 1);
    if (name === "health") return this.#health(request);
    const call = this.#calls.get(name);
    return call === undefined ? undefined : this.#answer(call, request, context);
  }

  async #health({ method }: EndpointRequest): Promise<EndpointReply> {
    return method === "GET" || method === "HEAD" ? healthOf(this.#sockets.hub) : refused(badMethod("GET, HEAD"));
  }

  async #answer(call: Call<Context>, request: EndpointRequest, context: Context): Promise<EndpointReply> {
    if (request.method === "OPTIONS") {
      const reply = preflight(CORS, request);
      return withHeaders(reply, corsHeaders(CORS, request));
    }
    const reply = await this.#called(call, request, context);
    return withHeaders(reply, corsHeaders(CORS, request));
  }

  async #called(call: Call<Context>, request: EndpointRequest, context: Context): Promise<EndpointReply> {
    let rpc: JsonRpc | undefined;
    try {
      if (request.method !== "POST") throw badMethod("POST");
      const body = jsonIn(await bodyOf(request, this.#bodies));
      rpc = new JsonRpc(body["id"]);
      return await call(request, body, rpc, context);
    } catch (error) {
      const gone = refusalOfGone(error, request.signal);
      if (gone !== undefined) return refused(gone);
      const known = refusalOf(error);
      if (known === undefined) return refused(this.#sockets.refusalFor(error));
      return rpc === undefined ? refused(known) : rpc.refused(known);
    }
  }

  async #peek(request: EndpointRequest, body: JsonObject, rpc: JsonRpc, context: Context): Promise<EndpointReply> {
    const { hub, options, capacity } = this.#sockets;
    const { channels, last: given, is_first_poll: isFirst } = paramsOf(body);
    const { channels: requested, presence } = parted(checkNames(channels, options));
    const last = lastOf(given);
    if (last === undefined) throw new Refusal(400, "bad_last", "last must be an integer from 0 up, or null");
    // Odoo notes the first call in the session, so that a session which ended meanwhile shows.
    const hasPeeked = request.header("cookie")?.includes(PEEKED) === true;
    if ((isFirst !== true && !hasPeeked) || !this.#isAlive(context)) {
      throw new Refusal(401, "refused", "the session has expired");
    }
    const place = capacity.place();
    try {
      capacity.check();
      const keys = await grant(this.#sockets, { requested, request, context, options: { presence } }, place);
      const query = { keys, last, limit: hub.limit, size: options.maxAnswer, lookback: options.lookback };
      const terms = { timeout: 0, signal: request.signal, form: this.#form, place };
      const answer = keys.length === 0 ? hub.nothing() : await hub.poll(query, terms);
      const around = rpc.around({ answer, missed: answer.missed, peeked: keys });
      const headers = { ...around.headers, ...(isFirst === true && { "Set-Cookie": cookieOf(options.path) }) };
      return this.#reply({ ...around, headers }, answer);
    } finally {
      place.leave();
    }
  }

  #isAlive(context: Context): boolean {
    const { options, failed } = this.#sockets;
    const { alive } = options;
    const isAlive = alive === undefined || decided("alive", () => alive(context), failed);
    if (isAlive === undefined) throw new Refusal(500, "internal", "something went wrong on the server");
    return isAlive;
  }

  readonly #form = (answer: Answer): Answer => answer;

  /** Replies with an answer; a long one is written in pieces. */
  #reply({ head, tail, headers }: Around, { rows, size }: Answer): EndpointReply {
    if (size <= PIECE) {
      if (rows.length > 0) this.#sockets.unsent.check(size);
      return json(200, `${head}${[...listOfMessages(rows)].join("")}${tail}`, headers);
    }
    const window = `${rows[0]?.id} ${rows.at(-1)?.id} ${tail}`; // the tail has the channels
    this.#deliveries.check(window, size);
    const pieces = new Pieces(size, () => listOfMessages(rows));
    return { status: 200, headers, body: this.#deliveries.body({ head, pieces, tail, window }) };
  }
}

/** Answers a path that is no route beside a socket, on hosts without a next handler. */
export function notBeside(): EndpointReply {
  return refused(new Refusal(404, "not_found", "there is nothing here but a WebSocket and the routes beside it"));
}

function badMethod(allowed: string): Refusal {
  return new Refusal(405, "bad_method", `use ${allowed} here`, { headers: { Allow: allowed } });
}

function cookieOf(path: string): string {
  return `${PEEKED}; Path=${path}; HttpOnly; SameSite=Lax`;
}
