import { Refusal } from "./refusal.ts";

/** How long a client that was turned away should wait, in seconds. */
const RETRY_AFTER_SECONDS = "5";

/** Throws a Refusal when as many polls and streams wait as may. */
export function checkRoom({
  polls,
  streams,
  options,
}: {
  readonly polls: number;
  readonly streams: { readonly size: number };
  readonly options: { readonly maxWaiting: number };
}): void {
  if (polls + streams.size < options.maxWaiting) return;
  const headers = { "Retry-After": RETRY_AFTER_SECONDS };
  throw new Refusal(503, "busy", "too many polls and streams are waiting, come back later", { headers });
}
