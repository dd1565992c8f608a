/**
 * What went wrong, as a stable word. What the server refused carries the server's own code.
 *
 * - `bad_argument`: an argument is not what it has to be.
 * - `closed`: the client was closed before the call.
 * - `network`: no answer, none in time, one that broke, or `headers` that threw: see `cause`; whether a send was committed is not known.
 * - `http`: an answer that is none of the bus, with its status: a mistyped path, a login page, a proxy.
 * - `missed`: a subscription without `onMissed` met a gap in the history.
 * - `overflow`: the consumer of a subscription was too slow.
 * - `thrown`: a listener threw; see `cause`.
 */
export type ClientErrorCode =
  | "bad_argument"
  | "closed"
  | "network"
  | "http"
  | "missed"
  | "overflow"
  | "thrown"
  | (string & {});

/** The one error of the client: a stable `code`, the HTTP `status` if there was an answer, and what to do. */
export class ClientError extends Error {
  override readonly name: string = "ClientError";
  declare readonly code: ClientErrorCode;
  /** Of the answer; undefined where there was none. */
  declare readonly status: number | undefined;
  /** The ms for which the server asked not to be asked again. */
  declare readonly retryAfter: number;

  constructor(code: ClientErrorCode, message: string, cause?: unknown, status?: number, retryAfter = 0) {
    super(message, { cause });
    this.code = code;
    this.status = status;
    this.retryAfter = retryAfter;
  }
}

/** Throws unless it holds: what must be what, and what was given. */
export function must(holds: unknown, wanted: string, given: unknown): void {
  if (!holds) throw new ClientError("bad_argument", `${wanted}: ${String(given)}`);
}

/** Throws unless the name is among those that there are. */
export function mustBeOneOf(names: string, name: string): void {
  must(names.split(", ").includes(name), `one of ${names}`, name);
}

/** Returns the work's result; undefined when it throws. */
export function quietly<T>(work: () => T): T | undefined {
  try {
    return work();
  } catch {
    return undefined;
  }
}
