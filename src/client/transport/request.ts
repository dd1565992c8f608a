import { ClientError } from "../errors.ts";
import type { ClientOptions } from "../types.ts";

/** The way to the mount. */
export interface Mount {
  /**
   * Requests a route, with a body as JSON if there is one. The text at the end is the method, or beside a body the key of
   * a send. Rejects with a ClientError for a refusal, and as fetch does without an answer.
   */
  readonly request: (route: string, signal?: AbortSignal, given?: object, methodOrKey?: string) => Promise<Response>;
  readonly transport: "auto" | "events" | "poll";
  /** The heartbeat in ms: the option's until the mount states its own. */
  heartbeat: number;
  /** The ms for which the server wants no new stream. */
  retry: number;
}

/** Returns a function that requests routes of the mount at `path`. */
export function requester(
  base: string,
  { headers: given, credentials, fetch = globalThis.fetch }: Pick<ClientOptions, "headers" | "credentials" | "fetch">,
): Mount["request"] {
  const asks = typeof given === "function";
  return async function request(route, signal, sent, methodOrKey, again = asks): Promise<Response> {
    const own = new Headers(asks ? await given() : given);
    if (sent) own.set("Content-Type", "application/json");
    if (sent && methodOrKey) own.set("Idempotency-Key", methodOrKey);
    // Properties that are undefined count as absent.
    const response = await fetch(base + route, {
      headers: own,
      method: sent ? "POST" : methodOrKey,
      signal,
      credentials,
      // With "no-store" Chromium forgets the preflight of a POST.
      cache: sent ? undefined : "no-store",
      body: sent && JSON.stringify(sent),
    } as RequestInit);
    const { status } = response;
    if (status < 204) return response; // any later one has no answer in it
    const error = (await response.json().catch(() => {}))?.error;
    if (again && status === 401) return request(route, signal, sent, methodOrKey, false); // a token may just have expired
    const after = response.headers.get("Retry-After")!; // null is no number either
    throw foreign(status, error, +after * 1000 || Date.parse(after) - Date.now() || 0);
  };
}

/** Returns the error of a refused request. An answer without a code is not the mount's. */
export function foreign(status: number, error?: Partial<ClientError>, retryAfter?: number): ClientError {
  const message = `${status}: ${error?.message ?? "not a bus"}`;
  return new ClientError(error?.code ?? "http", message, undefined, status, retryAfter, error?.issues);
}

/** The parameters of a poll or a stream. */
export interface Reading {
  readonly channels: readonly string[];
  readonly last?: number | undefined;
  readonly timeout?: number;
}

/**
 * Requests a route with these parameters: by GET, or by POST if they are too long for an address. Some hosts take a client
 * for gone once the body of a POST is read. A header of our own would cost a preflight.
 */
export function read(
  mount: Mount,
  route: string,
  reading: Reading,
  signal: AbortSignal,
  method?: string,
): Promise<Response> {
  const LONGEST = 2_000; // The length fits into the limits of servers and proxies, beside the other headers.
  const query = new URLSearchParams();
  // Each address is a new one: a service worker may keep answers by it, and a proxy may join requests.
  for (const [name, values] of Object.entries({ ...reading, _: Math.random() } as object))
    for (const value of [values ?? []].flat()) query.append(name, value);
  const address = `${route}?${query}`;
  return !method && address.length > LONGEST
    ? mount.request(route, signal, reading)
    : mount.request(address, signal, undefined, method);
}

/** Returns the answer, which has a list of this name. */
export async function answerOf<T>(response: Response, list: keyof T): Promise<T> {
  const answer = await response.json();
  if (!Array.isArray(answer?.[list])) throw foreign(response.status);
  return answer;
}

/** Returns the failure of an attempt. */
export function failureOf(thrown: unknown, mayBeCut?: true): ClientError {
  if (thrown instanceof ClientError) return thrown;
  // Only a good answer is parsed. The error may be of another realm, as under jest.
  if ((thrown as Error | undefined)?.name === "SyntaxError" && !mayBeCut) return foreign(200);
  return new ClientError("network", `${thrown}`, thrown);
}

/**
 * Returns true if the same request cannot succeed. Undefined: the client has to ask for a channel, because the server's
 * hook adds none. Beside 401 and 403, only a refusal by the mount is final: a proxy may refuse for a moment, for
 * example during a restart.
 */
export function isFinal(channels: readonly string[], { status, code }: Partial<ClientError> = {}): boolean | undefined {
  if (code === "bad_channel" && !channels[0]) return undefined;
  return /^40[13]|^4.. (bad_|not_f|too_l)/.test(`${status} ${code}`);
}
