import { aborted, within } from "./patience.ts";
import type { Failure, Line } from "./request.ts";
import type { Status } from "./types.ts";

/**
 * The pause after so many failures: longer after each, and at random, so that not all clients come back in one moment.
 * It ends at once on the signal; and as soon as the server wishes, when the network comes back or the page becomes visible.
 */
export function pause(
  { retry }: Line,
  failures: number,
  failure: Failure | undefined,
  outer: AbortSignal,
  show?: (status: Status) => void,
): Promise<void> {
  const FIRST = 500;
  const LONGEST = 30_000;
  const { navigator, addEventListener } = globalThis;
  const least = Math.max(retry, failure?.retryAfter ?? 0);
  const earliest = Date.now() + least;
  const random = Math.random() * Math.min(FIRST * 2 ** failures, LONGEST);
  return within(Math.max(least, random), outer, (signal, renew) => {
    const look = (event?: Event): void => {
      const online = navigator?.onLine !== false;
      show?.(online ? "waiting" : "offline");
      if (event && online) renew(earliest - Date.now()); // one attempt more as the page is hidden does no harm
    };
    for (const name of ["online", "offline", "visibilitychange"]) addEventListener?.(name, look, { signal });
    look();
    return aborted(signal);
  });
}
