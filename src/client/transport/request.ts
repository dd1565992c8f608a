import { ClientError } from "../errors.ts";
import type { ClientOptions } from "../types.ts";

/** The way to the mount. */
export interface Line {
  /** Rejects with a ClientError for an answer that refuses, and as fetch does where there is none. What is given is posted as JSON. */
  readonly request: (route: string, signal?: AbortSignal, given?: object, method?: string) => Promise<Response>;
  readonly transport: "auto" | "events" | "poll";
  /** The mount's, in ms: as the option says, until the mount does. */
  heartbeat: number;
  /** The ms for which the server wants no new stream. */
  retry: number;
}

export function requester(
  base: string,
  { headers: given, credentials, fetch = globalThis.fetch }: ClientOptions<never>,
): Line["request"] {
  const asks = typeof given === "function";
  return async function request(route, signal, sent, method = sent ? "POST" : "GET", again = asks): Promise<Response> {
    const own = asks ? await given() : given;
    const init = {
      method,
      signal,
      body: sent && JSON.stringify(sent),
      credentials,
      cache: "no-store", // a browser holds up a second request that it might answer from its cache
      headers: { ...own, ...(sent && { "Content-Type": "application/json" }) },
    };
    // What is undefined is as if it were left out.
    const response = await fetch(base + route, init as RequestInit);
    if (response.ok) return response;
    const { headers, status } = response;
    const error = (await response.json().catch(() => {}))?.error;
    if (again && status === 401) return request(route, signal, sent, method, false); // a token may just have expired
    const after = headers.get("Retry-After")!; // null is no number either
    const retryAfter = +after * 1000 || Date.parse(after) - Date.now() || 0;
    throw foreign(status, error, retryAfter);
  };
}

/** The refusal in an answer; without a code of its own, it is none of the mount's. */
export function foreign(status: number, error?: Partial<ClientError>, retryAfter?: number): ClientError {
  const message = `${status}: ${error?.message ?? "not of the bus"}`;
  return new ClientError(error?.code ?? "http", message, undefined, status, retryAfter);
}

/** Posts what becomes JSON, and answers what has a list of that name. */
export async function post<T>(
  line: Line,
  route: string,
  list: keyof T,
  sent: object,
  signal?: AbortSignal,
): Promise<T> {
  const response = await line.request(route, signal, sent);
  const answer = await response.json();
  if (!Array.isArray(answer?.[list])) throw foreign(response.status);
  return answer;
}

/** The failure of an attempt. */
export function failureOf(thrown: unknown, mayBeCut?: true): ClientError {
  if (thrown instanceof ClientError) return thrown;
  if (thrown instanceof SyntaxError && !mayBeCut) return foreign(200); // only an answer that is all right is parsed
  return new ClientError("network", `${thrown}`, thrown);
}

/**
 * Whether asking the same again cannot help; undefined: it would help to ask for a channel, as the server's hook adds none.
 * But for 401 and 403, only the mount's own word is final: a proxy may say anything for a moment, as while the server restarts.
 */
export function isFinal(channels: readonly string[], { status, code }: Partial<ClientError> = {}): boolean | undefined {
  if (code === "bad_channel" && !channels[0]) return undefined;
  return /^40[13]|^4.. (bad_|not_f|too_l)/.test(`${status} ${code}`);
}
