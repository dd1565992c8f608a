import { ClientError } from "./errors.ts";
import type { ClientOptions } from "./types.ts";

/** The way to the mount. */
export interface Line {
  /** Rejects with a ClientError for an answer that refuses, and as fetch does where there is none. The body is JSON. */
  readonly request: (method: string, route: string, signal?: AbortSignal, body?: string) => Promise<Response>;
  readonly transport: "auto" | "events" | "poll";
  readonly heartbeat: number;
  /** The ms for which the server wants no new stream. */
  retry: number;
}

/** What an attempt failed with: a ClientError, or whatever fetch and JSON throw. */
export type Failure = Partial<ClientError>;

export function requester(
  base: string,
  { headers: given, credentials, fetch = globalThis.fetch }: ClientOptions<never>,
): Line["request"] {
  return async (method, route, signal, body) => {
    const own = typeof given === "function" ? await given() : given;
    const init = {
      method,
      signal,
      body,
      credentials,
      cache: "no-store", // a browser holds up a second request that it might answer from its cache
      headers: { ...own, ...(body && { "Content-Type": "application/json" }) },
    };
    // What is undefined is as if it were left out.
    const response = await fetch(base + route, init as RequestInit);
    if (response.ok) return response;
    const { status, headers } = response;
    const error = (await response.json().catch(() => {}))?.error;
    const after = headers.get("Retry-After")!; // null is no number either
    const retryAfter = Number(after) * 1000 || Date.parse(after) - Date.now() || 0;
    const message = `${route}: ${status}, ${error?.message ?? "check the session"}`;
    throw new ClientError(error?.code ?? "http", message, undefined, status, retryAfter);
  };
}

/**
 * Whether asking the same again cannot help; undefined: it would help to ask for a channel, as the server's hook adds none.
 * But for 401 and 403, only the mount's own word is final: a proxy may say anything for a moment, as while the server restarts.
 */
export function isFinal(channels: readonly string[], { status, code }: Failure = {}): boolean | undefined {
  if (code === "bad_channel" && !channels[0]) return undefined;
  return /^40[13]|^4.. (bad_|not_f|too_l)/.test(`${status} ${code}`);
}
