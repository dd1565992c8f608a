import { asError, BusError } from "../../errors.ts";
import type { MessageIssue } from "../../schema.ts";
import type { Signal } from "../../util/abort.ts";

/** The further parts of a refusal. */
export interface RefusalOptions {
  readonly headers?: Readonly<Record<string, string>>;
  /** The sentence by which Odoo's clients recognise the refusal. */
  readonly odoo?: string;
  /** The parts of a message that break its schema. */
  readonly issues?: readonly MessageIssue[] | undefined;
}

/** The reason for refusing a request: a status, a stable code, and a sentence. */
export class Refusal extends Error {
  readonly status: number;
  readonly code: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly odoo: string;
  readonly issues: readonly MessageIssue[] | undefined;

  constructor(status: number, code: string, message: string, options: RefusalOptions = {}) {
    super(message);
    const { headers = {}, odoo = message, issues } = options;
    this.issues = issues;
    this.status = status;
    this.code = code;
    this.headers = headers;
    this.odoo = odoo;
  }
}

/** The pause before the client's next try, in seconds. */
export const RETRY_AFTER = 5;

/** Refuses a request that the client may repeat later, with status 503. */
export function unavailable(code: string, message: string, odoo = message): Refusal {
  return new Refusal(503, code, message, { headers: { "Retry-After": String(RETRY_AFTER) }, odoo });
}

/** Refuses a request for lack of room. */
export function busy(message: string): Refusal {
  return unavailable("busy", message);
}

/** Returns the refusal that tells a client of an error; undefined for an error that concerns only the application. */
export function refusalOf(error: unknown): Refusal | undefined {
  if (error instanceof Refusal) return error;
  if (!(error instanceof BusError)) return undefined;
  if (error.code === "closed") return unavailable("closed", "the bus is closed", "bus.Bus unavailable");
  // The cause may name paths and hosts, so clients do not see it.
  if (error.code === "store") return unavailable("store", "the store of the bus does not work at the moment");
  const { issues, code, unavailable: isUnanswered } = error;
  if (code === "bad_message" && isUnanswered) return undefined; // a schema failed
  const status = code === "bad_key" || issues !== undefined ? 422 : 400;
  return new Refusal(status, code, error.message, { issues });
}

/**
 * Returns the refusal of a failure that is no news, because the client has gone: the same signal may have ended a hook. Undefined for
 * any other failure. Nobody reads the status, and proxies know it by this meaning.
 */
export function refusalOfGone(error: unknown, signal: Signal): Refusal | undefined {
  return saysGone(error, signal) ? new Refusal(499, "gone", "the client has gone") : undefined;
}

function saysGone(error: unknown, { aborted, reason }: Signal): boolean {
  if (!aborted) return false;
  if (error === reason || refusalOf(error) !== undefined) return true;
  const cause = Object(asError(error).cause) as { name?: unknown };
  return cause === reason || cause.name === "AbortError";
}

/** Refuses a new request at a closed mount. */
export function mountClosed(): Refusal {
  return unavailable("closed", "this mount is closed", "bus.Bus unavailable");
}

/** Returns the refusal of a hook: a thrown error with the status 401 or 403. */
export function refusalOfHook(error: unknown): Refusal | undefined {
  try {
    const { status, statusCode, message } = Object(error) as Readonly<Record<string, unknown>>;
    const refused = status ?? statusCode;
    if (refused !== 401 && refused !== 403) return undefined;
    return new Refusal(refused, "refused", typeof message === "string" && message !== "" ? message : "refused");
  } catch {
    return undefined; // a value whose properties throw is no refusal
  }
}
