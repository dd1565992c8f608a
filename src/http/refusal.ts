import { BusError } from "../errors.ts";

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

/** What a client is told of an error; undefined for one that is nobody's business but the application's. */
export function refusalOf(error: unknown): Refusal | undefined {
  if (error instanceof Refusal) return error;
  if (!(error instanceof BusError)) return undefined;
  if (error.code === "closed") return new Refusal(503, "closed", "the bus is closed", { odoo: "bus.Bus unavailable" });
  // The cause may tell of paths and hosts.
  if (error.code === "store") return new Refusal(503, "store", "the store of the bus does not work at the moment");
  return new Refusal(400, error.code, error.message);
}

/** What a hook threw to refuse: an error with the status 401 or 403. */
export function refusalOfHook(error: unknown): Refusal | undefined {
  const { status, statusCode, message } = Object(error) as {
    status?: unknown;
    statusCode?: unknown;
    message?: unknown;
  };
  const refused = status ?? statusCode;
  if (refused !== 401 && refused !== 403) return undefined;
  return new Refusal(refused, "refused", typeof message === "string" && message !== "" ? message : "refused");
}
