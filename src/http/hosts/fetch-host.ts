import { checkLength, tooLarge, tooSlow, unreadable } from "../endpoint/body.ts";
import { Refusal } from "../endpoint/refusal.ts";
import type { BodyLimits, EndpointReply, EndpointRequest, RequestBody } from "../endpoint/request.ts";
import { streamOf } from "./fetch-sink.ts";

/** A request of the Fetch standard, as the endpoint sees it. */
export class FetchRequest implements EndpointRequest {
  readonly method: string;
  readonly path: string;
  readonly mount: string;
  readonly query: string;
  readonly #request: Request;
  readonly #readText: (() => Promise<string>) | undefined;

  /** `readText` returns the body if a framework has read it already. */
  constructor(request: Request, mount: string, readText?: () => Promise<string>) {
    const { pathname, search } = new URL(request.url);
    this.method = request.method;
    this.path = pathname;
    this.mount = mount;
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

  async body(limits: BodyLimits): Promise<RequestBody> {
    if (!this.#request.bodyUsed) return { text: await withDeadline(readText(this.#request, limits.maxBody), limits) };
    const text = (await this.#readText?.().catch(() => Promise.reject(unreadable()))) ?? "";
    checkLength(text, limits.maxBody);
    return { text };
  }
}

/** Turns an answer into a Response. */
export function response(
  { status, headers: given, body }: EndpointReply,
  { method, signal }: Request,
  { isClosing }: { readonly isClosing: boolean },
): Response {
  const headers = isClosing ? { Connection: "close", ...given } : given;
  if (body === undefined || method === "HEAD") return new Response(null, { status, headers });
  return new Response(typeof body === "function" ? streamOf(body, signal) : body, { status, headers });
}

/** At the deadline the reading goes on unheeded. Cancelling it would cut off the answer too, on a shared connection. */
function withDeadline(reading: Promise<string>, limits: BodyLimits): Promise<string> {
  return new Promise((resolve, reject) => {
    const coming = limits.coming(() => reject(tooSlow()));
    reading.then(resolve, reject).finally(() => limits.came(coming));
  });
}

async function readText({ body }: Request, maxBody: number): Promise<string> {
  const decoder = new TextDecoder();
  let text = "";
  let bytes = 0;
  if (body === null) return "";
  try {
    for await (const chunk of body) {
      bytes += chunk.length;
      if (bytes > maxBody) throw tooLarge(maxBody);
      text += decoder.decode(chunk, { stream: true });
    }
  } catch (error) {
    throw error instanceof Refusal ? error : unreadable();
  }
  return text + decoder.decode();
}
