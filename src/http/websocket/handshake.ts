import { allowedOrigin } from "../endpoint/cors.ts";
import { RETRY_AFTER, Refusal, unavailable } from "../endpoint/refusal.ts";
import type { Cors } from "../options.ts";

/** A request for an upgrade, independent of its host. */
export interface Handshake {
  readonly method: string;
  /** The path without its query, as it was requested. */
  readonly path: string;
  /** The query after the question mark; empty if there is none. */
  readonly query: string;
  /** Returns a header by its lower-case name. */
  header(name: string): string | undefined;
}

const KEY = /^[+/0-9A-Za-z]{22}==$/;

/** Throws a Refusal unless a request asks for a WebSocket, and its page may have one. */
export function checkHandshake(handshake: Handshake, cors: Cors | undefined): void {
  if (handshake.method !== "GET" || !asksForUpgrade(handshake)) throw notUpgrade();
  const version = handshake.header("sec-websocket-version");
  if (version !== "13") {
    const headers = { "Sec-WebSocket-Version": "13" };
    throw new Refusal(426, "bad_version", "the version of the WebSocket protocol must be 13", { headers });
  }
  if (!KEY.test(handshake.header("sec-websocket-key") ?? "")) {
    throw new Refusal(400, "bad_handshake", "the header Sec-WebSocket-Key must have 16 bytes in base64");
  }
  checkOrigin(handshake, cors);
}

/** True if both headers of an upgrade are there. Node's parser looks at both, but Bun and Deno hand on any request. */
function asksForUpgrade(handshake: Handshake): boolean {
  if (handshake.header("upgrade")?.toLowerCase() !== "websocket") return false;
  const tokens = handshake.header("connection")?.toLowerCase().split(",") ?? [];
  return tokens.some((token) => token.trim() === "upgrade");
}

/** Refuses a request for a socket that asks for no upgrade. */
export function notUpgrade(): Refusal {
  return new Refusal(
    400,
    "bad_handshake",
    "this is the address of a WebSocket: ask for it with GET, Upgrade: websocket and Connection: Upgrade",
  );
}

/** Refuses a handshake for lack of room. */
export function tooManySockets(): Refusal {
  return unavailable("busy", "too many sockets are open, come back later");
}

/** Refuses a handshake of a user with too many sockets. */
export function tooManyOfUser(): Refusal {
  const headers = { "Retry-After": String(RETRY_AFTER) };
  return new Refusal(429, "busy", "this user has too many sockets open, close some first", { headers });
}

/**
 * Throws a Refusal if a browser shows a page of another origin, unless `cors` allows that origin. Browsers send cookies with every
 * handshake, so that `"*"` allows those alone that have none.
 */
function checkOrigin(handshake: Handshake, cors: Cors | undefined): void {
  const origin = handshake.header("origin");
  if (origin === undefined || isSame(origin, handshake.header("host"))) return;
  const allowed = cors === undefined ? undefined : allowedOrigin(cors, origin);
  if (allowed === undefined) {
    throw new Refusal(403, "refused", "pages of this origin may not open the socket: the option cors may allow them");
  }
  if (allowed !== "*" || handshake.header("cookie") === undefined) return;
  throw new Refusal(
    403,
    "refused",
    'a socket of another origin may carry cookies only if cors.origin names it, not "*"',
  );
}

/** Compares the hosts. The origin says the scheme, by which its default port may be left out. */
function isSame(origin: string, host: string | undefined): boolean {
  try {
    const { protocol, host: own } = new URL(origin);
    return own !== "" && own === new URL(`${protocol}//${host}`).host;
  } catch {
    return false; // "null", or no address
  }
}
