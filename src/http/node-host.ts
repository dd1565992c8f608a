import type { IncomingMessage, ServerResponse } from "node:http";
import { tooLarge } from "./body.ts";
import type { EndpointReply, EndpointRequest, RequestBody } from "./request.ts";

/** What a framework may have made of a request. */
interface Framework {
  /** The path as it was asked for, where routing has cut something off. */
  readonly originalUrl?: string;
  /** The body, where it was read and parsed already. */
  readonly body?: unknown;
}

/** A request of Node's, as the endpoint sees it. Nothing is made before it is asked for: most polls need only the body. */
export class NodeRequest implements EndpointRequest {
  readonly method: string;
  readonly path: string;
  readonly query: string;
  readonly #request: IncomingMessage;
  readonly #response: ServerResponse;
  readonly #framework: Framework;
  #gone: AbortController | undefined;

  constructor(request: IncomingMessage, response: ServerResponse, framework: Framework = request as Framework) {
    this.#request = request;
    this.#response = response;
    this.#framework = framework;
    this.method = request.method ?? "GET";
    const url = framework.originalUrl ?? request.url ?? "/";
    const end = url.indexOf("?");
    this.path = end === -1 ? url : url.slice(0, end);
    this.query = end === -1 ? "" : url.slice(end + 1);
  }

  header(name: string): string | undefined {
    const value = this.#request.headers[name];
    return typeof value === "string" ? value : value?.join(", ");
  }

  async body(limit: number): Promise<RequestBody> {
    const { body } = this.#framework;
    // Some parsers leave an empty object where they did not read.
    const parsed = body !== undefined && this.#request.readableDidRead !== false;
    if (!parsed) return { text: await readText(this.#request, limit) };
    return typeof body === "string" || Buffer.isBuffer(body) ? { text: body.toString() } : { parsed: body };
  }

  /** The client has gone when the response closes before it was written; the request closes as soon as it was read. */
  get signal(): AbortSignal {
    this.#gone ??= goneOf(this.#response);
    return this.#gone.signal;
  }
}

/** Writes an answer, unless nobody is there to read it. */
export function reply(response: ServerResponse, { status, headers, body }: EndpointReply): void {
  if (response.destroyed || response.headersSent) return;
  response.writeHead(status, { ...headers, "Content-Length": Buffer.byteLength(body) });
  response.end(response.req.method === "HEAD" ? undefined : body);
}

function goneOf(response: ServerResponse): AbortController {
  const gone = new AbortController();
  const closed = (): void => {
    if (!response.writableFinished) gone.abort();
  };
  if (response.destroyed) closed();
  else response.once("close", closed);
  return gone;
}

function readText(request: IncomingMessage, limit: number): Promise<string> {
  return new Promise((resolve, reject) => {
    const chunks: Buffer[] = [];
    let bytes = 0;
    request.on("data", (chunk: Buffer) => {
      bytes += chunk.length;
      if (bytes <= limit) chunks.push(chunk);
      else reject(tooLarge(limit));
    });
    request.on("end", () => resolve(chunks.length === 1 ? chunks[0]!.toString() : Buffer.concat(chunks).toString()));
    request.on("error", reject);
    request.on("close", () => reject(new Error("the client went before its body had come")));
  });
}
