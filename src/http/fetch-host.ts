import { checkLength, tooLarge } from "./body.ts";
import { streamOf } from "./fetch-sink.ts";
import type { EndpointReply, EndpointRequest, RequestBody } from "./request.ts";

/** A request of the Fetch standard, as the endpoint sees it. */
export class FetchRequest implements EndpointRequest {
  readonly method: string;
  readonly path: string;
  readonly query: string;
  readonly #request: Request;
  readonly #readText: (() => Promise<string>) | undefined;

  /** `readText` gives the body where a framework has read it already. */
  constructor(request: Request, readText?: () => Promise<string>) {
    const { pathname, search } = new URL(request.url);
    this.method = request.method;
    this.path = pathname;
    this.query = search.slice(1);
    this.#request = request;
    this.#readText = readText;
  }

  get signal(): AbortSignal {
    return this.#request.signal;
  }

  header(name: string): string | undefined {
    return this.#request.headers.get(name) ?? undefined;
  }

  async body(limit: number): Promise<RequestBody> {
    if (!this.#request.bodyUsed) return { text: await readText(this.#request, limit) };
    const text = (await this.#readText?.()) ?? "";
    checkLength(text, limit);
    return { text };
  }
}

/** Makes the Response of an answer. */
export function response({ status, headers, body }: EndpointReply, { method, signal }: Request): Response {
  if (status === 204 || method === "HEAD") return new Response(null, { status, headers });
  return new Response(typeof body === "string" ? body : streamOf(body, signal), { status, headers });
}

async function readText(request: Request, limit: number): Promise<string> {
  const decoder = new TextDecoder();
  let text = "";
  let bytes = 0;
  if (request.body === null) return "";
  for await (const chunk of request.body) {
    bytes += chunk.length;
    if (bytes > limit) throw tooLarge(limit);
    text += decoder.decode(chunk, { stream: true });
  }
  return text + decoder.decode();
}
