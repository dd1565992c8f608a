import { BusError } from "../../errors.ts";

export interface RefusalOptions {
  readonly headers?: Readonly<Record<string, string>>;
  /** The sentence by which Odoo's clients know it. */
  readonly odoo?: string;
}

/** Why a request is refused: a status, a code that stays the same, and a sentence. */
export class Refusal extends Error {
  readonly status: number;
  readonly code: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly odoo: string;

  constructor(status: number, code: string, message: string, { headers = {}, odoo = message }: RefusalOptions = {}) {
    super(message);
    this.status = status;
    this.code = code;
    this.headers = headers;
    this.odoo = odoo;
  }
}

/** The pause that is asked of a client before another try, in seconds. */
export const RETRY_AFTER = 5;

/** Why a request is refused that may be repeated later: 503. */
export function unavailable(code: string, message: string, odoo = message): Refusal {
  return new Refusal(503, code, message, { headers: { "Retry-After": String(RETRY_AFTER) }, odoo });
}

/** Why a request is refused for which there is no room now. */
export function busy(message: string): Refusal {
  return unavailable("busy", message);
}

/** What a client is told of an error; undefined for one that is nobody's business but the application's. */
export function refusalOf(error: unknown): Refusal | undefined {
  if (error instanceof Refusal) return error;
  if (!(error instanceof BusError)) return undefined;
  if (error.code === "closed") return unavailable("closed", "the bus is closed", "bus.Bus unavailable");
  // The cause may tell of paths and hosts.
  if (error.code === "store") return unavailable("store", "the store of the bus does not work at the moment");
  return new Refusal(400, error.code, error.message);
}

/** The refusal of a mount that takes nobody in any longer. */
export function mountClosed(): Refusal {
  return unavailable("closed", "this mount is closed", "bus.Bus unavailable");
}

/** What a hook threw to refuse: an error with the status 401 or 403. */
export function refusalOfHook(error: unknown): Refusal | undefined {
  try {
    const { status, statusCode, message } = Object(error) as Readonly<Record<string, unknown>>;
    const refused = status ?? statusCode;
    if (refused !== 401 && refused !== 403) return undefined;
    return new Refusal(refused, "refused", typeof message === "string" && message !== "" ? message : "refused");
  } catch {
    return undefined; // what throws when it is looked at is no refusal
  }
}
