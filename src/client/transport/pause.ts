import type { ClientError } from "../errors.ts";
import type { Status } from "../types.ts";
import type { Mount } from "./request.ts";
import { aborted, within } from "./timeout.ts";

/**
 * Pauses after this many failures: for the time that the server asked for, and a random time that grows with each
 * failure. The random part spreads the clients that come back. The signal ends the pause. A network that comes back, or
 * a page that becomes visible, ends the random part.
 */
export function pause(
  { retry }: Pick<Mount, "retry">,
  failures: number,
  failure: ClientError | undefined,
  outer: AbortSignal,
  show?: (status: Status, reason?: ClientError) => void,
): Promise<unknown> {
  const FIRST = 500;
  const LONGEST = 30_000;
  const least = Math.max(retry, failure?.retryAfter ?? 0);
  const earliest = performance.now() + least;
  return within(least + Math.random() * Math.min(FIRST * 2 ** failures, LONGEST), outer, (signal, renew) => {
    const look = (event?: Event): void => {
      const online = globalThis.navigator?.onLine ?? true;
      show?.(online ? "waiting" : "offline", failure);
      if (event && online) renew(earliest - performance.now()); // one attempt more as the page is hidden does no harm
    };
    onChange(look, { signal });
    look();
    return aborted(signal);
  }).catch(() => {});
}

/** Listens to events after which a network or a page may be back. */
export function onChange(listener: (event: Event) => void, options: { readonly signal: AbortSignal }): void {
  for (const name of ["online", "offline", "visibilitychange"]) globalThis.addEventListener?.(name, listener, options);
}
