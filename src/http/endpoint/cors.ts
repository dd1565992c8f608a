import { disown } from "../../util/thenable.ts";
import type { Cors } from "../options.ts";
import type { EndpointReply, EndpointRequest } from "./request.ts";

type Headers = Readonly<Record<string, string>>;

/** Returns the headers that let a page of another origin read an answer, after the Fetch standard. */
export function corsHeaders(cors: Cors, request: EndpointRequest): Headers {
  const origin = request.header("origin");
  const allowed = origin === undefined ? undefined : allowedOrigin(cors, origin);
  if (allowed === "*") return { "Access-Control-Allow-Origin": "*", ...EXPOSED };
  if (allowed === undefined) return { Vary: "Origin" };
  const credentials: Headers = cors.credentials ? { "Access-Control-Allow-Credentials": "true" } : {};
  return { Vary: "Origin", "Access-Control-Allow-Origin": allowed, ...credentials, ...EXPOSED };
}

/** Answers the preflight request of a browser. */
export function preflight({ maxAge }: Cors, request: EndpointRequest): EndpointReply {
  const asked = request.header("access-control-request-headers");
  const headers: Record<string, string> = {
    "X-Content-Type-Options": "nosniff",
    "Access-Control-Allow-Methods": "GET, POST",
  };
  if (asked !== undefined) headers["Access-Control-Allow-Headers"] = asked;
  if (maxAge !== undefined) headers["Access-Control-Max-Age"] = String(maxAge);
  return { status: 204, headers, body: undefined };
}

const EXPOSED: Headers = { "Access-Control-Expose-Headers": "Nightbus-Last, Nightbus-Missed, Retry-After" };

/** Returns the origin, or `"*"`, if a page of this origin may use the mount. Throws what the application's function throws. */
export function allowedOrigin({ origin }: Cors, asking: string): string | undefined {
  if (typeof origin === "function") return isAllowed(origin, asking) ? asking : undefined;
  const origins = typeof origin === "string" ? [origin] : origin;
  if (origins.includes("*")) return "*";
  return origins.includes(asking) ? asking : undefined;
}

function isAllowed(origin: (origin: string) => unknown, asking: string): boolean {
  try {
    const answer = origin(asking);
    disown(answer); // a promise grants nothing, whatever becomes of it
    return answer === true;
  } catch (cause) {
    throw new Error("the mount's function cors.origin failed", { cause });
  }
}
