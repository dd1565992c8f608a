import type { IncomingMessage, OutgoingHttpHeaders, ServerResponse } from "node:http";
import type { ServerHttp2Stream } from "node:http2";
import type { Readable } from "node:stream";
import type { Signal } from "../../util/abort.ts";
import { checkDepth, checkLength } from "../endpoint/body.ts";
import { JsonReply } from "../endpoint/json-reply.ts";
import type { BodyLimits, EndpointReply, EndpointRequest, RequestBody, Sink } from "../endpoint/request.ts";
import { GoneSignal, onceClosed } from "./gone.ts";
import { readText } from "./node-body.ts";
import { NodeSink } from "./node-sink.ts";
import { shareHead } from "./shared-head.ts";
import { isPlain, keepHead, writeWhole } from "./whole-response.ts";

type Headers = EndpointReply["headers"];

/** The properties that frameworks add to a request. */
interface Framework {
  /** The requested path, if routing has cut off a part. */
  readonly originalUrl?: string;
  /** The rest of the path, below the place of the mount. */
  readonly url?: string;
  /** The path at which Express has mounted a handler. */
  readonly baseUrl?: string;
  /** The body, if a framework parsed it, or the stream to read it from. */
  readonly body?: unknown;
}

/**
 * A request of Node, as the endpoint sees it. Properties are made at their first use, because most polls need only the
 * body.
 */
export class NodeRequest implements EndpointRequest {
  readonly method: string;
  readonly path: string;
  readonly mount: string;
  readonly query: string;
  readonly #request: IncomingMessage;
  readonly #response: ServerResponse;
  readonly #framework: Framework;
  #gone: Signal | undefined;

  /** `mount` is the place of the bus on this host, if the request itself does not show it. */
  constructor(
    request: IncomingMessage,
    response: ServerResponse,
    framework: Framework = request as Framework,
    mount?: string,
  ) {
    this.#request = request;
    this.#response = response;
    this.#framework = framework;
    this.method = request.method ?? "GET";
    const url = pathIn((mount === undefined ? framework.originalUrl : undefined) ?? request.url ?? "/");
    const end = url.indexOf("?");
    this.mount = mount ?? framework.baseUrl ?? mountOf(url, framework.url);
    this.path = end === -1 ? url : url.slice(0, end);
    this.query = end === -1 ? "" : url.slice(end + 1);
  }

  header(name: string): string | undefined {
    const value = this.#request.headers[name];
    return typeof value === "string" ? value : value?.join(", ");
  }

  body(limits: BodyLimits): RequestBody | Promise<RequestBody> {
    const { body } = this.#framework;
    if (isStream(body)) return readText(body, limits);
    // Some parsers leave an empty object for a body that they did not read.
    const read = body !== undefined && this.#request.readableDidRead !== false;
    if (!read) return readText(this.#request, limits);
    if (typeof body === "string" || Buffer.isBuffer(body)) {
      checkLength(body, limits.maxBody);
      return { text: body.toString() };
    }
    checkDepth(body);
    if (!this.#saysItsLength()) checkLength(JSON.stringify(body), limits.maxBody);
    return { parsed: body };
  }

  /** The client has gone if the response closes before its end. The request closes as soon as it was read. */
  get signal(): Signal {
    this.#gone ??= new GoneSignal(this.#request, this.#response);
    return this.#gone;
  }

  // A compressed body has a smaller length than its text.
  #saysItsLength(): boolean {
    return this.header("content-length") !== undefined && this.header("content-encoding") === undefined;
  }
}

/** The part of an endpoint that writing an answer needs. */
interface Answering {
  readonly isClosing: boolean;
  left(sink: Sink, bytes: Uint8Array): () => void;
}

/** Writes an answer, unless the client has gone. */
export function reply(response: ServerResponse, answer: EndpointReply, endpoint: Answering): void {
  if (response.destroyed || response.headersSent) return;
  if (answer instanceof JsonReply && !endpoint.isClosing) replyWhole(response, answer, endpoint);
  else replyAs(response, answer, endpoint);
}

/** Writes an answer in one piece, or as any other if that is not possible. */
function replyWhole(response: ServerResponse, answer: JsonReply, endpoint: Answering): void {
  const bytes = writeWhole(response, answer);
  if (bytes === undefined) replyAs(response, answer, endpoint);
  else noteUnsent(response, bytes, endpoint);
}

function replyAs(response: ServerResponse, answer: EndpointReply, endpoint: Answering): void {
  const { status, headers: given, body } = answer;
  const isPlainYet = answer instanceof JsonReply && isPlain(response);
  const all = endpoint.isClosing ? { Connection: "close", ...given } : given;
  const headers = "Connection" in all ? hangingUp(response, all) : all;
  response.writeHead(status, merged(response, headers));
  if (isPlainYet) keepHead(response, answer);
  if (typeof body === "function") {
    const gone = body(new NodeSink(response));
    shareHead(response);
    onceClosed(response.req, response, gone);
  } else if (body === undefined || response.req.method === "HEAD") response.end();
  else {
    response.end(body);
    noteUnsent(response, body, endpoint);
  }
}

/** Notes the bytes of an answer that its client has yet to take. The socket has mostly taken all of them by now. */
function noteUnsent(response: ServerResponse, bytes: Uint8Array, endpoint: Answering): void {
  if (response.writableLength > 0) onceClosed(response.req, response, endpoint.left(new NodeSink(response), bytes));
}

/** Writes an answer, or hands what that throws to `next`. Without a next handler the connection ends. */
export function replyOr(
  response: ServerResponse,
  answer: EndpointReply,
  endpoint: Answering,
  next: ((error?: unknown) => void) | undefined,
): void {
  try {
    reply(response, answer, endpoint);
  } catch (error) {
    if (next === undefined) response.destroy();
    else next(error);
  }
}

/** Returns the path and the query of a request target, which may also name a host. */
export function pathIn(target: string): string {
  return target.startsWith("/") ? target : target.replace(/^https?:\/\/[^/?]*/i, "");
}

/** Returns the part of a path before the rest that routing left. Empty if routing rewrote the path, or left all of it. */
function mountOf(url: string, rest: string | undefined): string {
  if (rest === undefined || url.length <= rest.length || !url.endsWith(rest)) return "";
  return url.slice(0, url.length - rest.length);
}

/**
 * Returns the headers of an answer after which the rest of the request stays unread. HTTP/2 has no such header, because
 * its connection carries other requests.
 */
function hangingUp(response: ServerResponse & { readonly stream?: ServerHttp2Stream }, headers: Headers): Headers {
  const { stream } = response;
  if (stream === undefined) return headers;
  stream.once("finish", () => stream.close());
  const { Connection: _, ...others } = headers;
  return others;
}

/** Returns the headers of an answer. Its `Vary` is appended to what other handlers have set. */
function merged(response: ServerResponse, headers: OutgoingHttpHeaders): OutgoingHttpHeaders {
  const { Vary: vary } = headers;
  if (vary === undefined) return headers;
  return { ...headers, Vary: [response.getHeader("Vary") ?? [], vary].flat().join(", ") };
}

function isStream(body: unknown): body is Readable {
  return typeof (Object(body) as { pipe?: unknown }).pipe === "function";
}
