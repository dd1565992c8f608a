import type { ClientError } from "../errors.ts";

/** Returns an error of the queue. The class itself would be a second copy beside the client's. */
export function failure(code: string, message: string, cause?: unknown): ClientError {
  const error = new Error(message, cause === undefined ? undefined : { cause });
  return Object.assign(error, { name: "ClientError", code, status: undefined, retryAfter: 0 });
}

/**
 * Returns true if the mount refuses this send for good. A 401 concerns the session and not the send. A proxy that answers 403 or 413 does so again.
 */
export function isRefusal({ status, code }: ClientError): boolean {
  return code === "bad_argument" || /^4(03|13)|^4(?!01|08|29).. (?!http)/.test(`${status} ${code}`);
}

/** Returns true if this answer proves that nothing was committed, and the send may go again at any age. */
export function isUndone({ status, code }: ClientError): boolean {
  return status === 401 || ["busy", "hook_timeout", "too_slow"].includes(code);
}
