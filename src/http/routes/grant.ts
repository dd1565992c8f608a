import type { Place } from "../endpoint/capacity.ts";
import { keysOf } from "../endpoint/channels.ts";
import type { EndpointRequest } from "../endpoint/request.ts";
import type { Mounted } from "../mounted.ts";

/** A client that asks to read, and its request. */
export interface Asking<Context> {
  readonly requested: readonly string[];
  readonly request: EndpointRequest;
  readonly context: Context;
  readonly options: Readonly<Record<string, unknown>>;
}

/**
 * Returns the keys of the channels that the application lets this client read. A request in a hook counts as waiting.
 * Throws or rejects with a Refusal, or an Error of the hook's.
 */
export function grant<C extends object, Context>(
  { hooks, options: { channels: hook } }: Mounted<C, Context>,
  { requested, request, context, options }: Asking<Context>,
  place: Place,
): readonly string[] | Promise<readonly string[]> {
  if (hook === undefined) return keysOf(requested, false);
  place.take();
  return asked();

  async function asked(): Promise<readonly string[]> {
    return keysOf(await hooks.ask("channels", () => hook?.(requested, context, options), request.signal), true);
  }
}
