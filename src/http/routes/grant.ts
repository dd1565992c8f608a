import type { Signal } from "../../util/abort.ts";
import type { Place } from "../endpoint/capacity.ts";
import { keysOf } from "../endpoint/channels.ts";
import type { Hooks } from "../endpoint/hooks.ts";
import type { ChannelsHook } from "../options.ts";

/** A client that asks to read, and its request. */
export interface Asking<Context, Options> {
  readonly requested: readonly string[];
  /** The request. Its signal is aborted when the client has gone. */
  readonly request: { readonly signal: Signal };
  readonly context: Context;
  readonly options: Options;
}

/** The part of a mount that decides on channels. */
export interface Granting<C extends object, Context, Options> {
  readonly hooks: Hooks;
  readonly options: { readonly channels?: ChannelsHook<C, Context, Options> };
}

/**
 * Returns the keys of the channels that the application lets this client read. A request in a hook counts as waiting.
 * Throws or rejects with a Refusal, or an Error of the hook's.
 */
export function grant<C extends object, Context, Options>(
  { hooks, options: { channels: hook } }: Granting<C, Context, Options>,
  { requested, request, context, options }: Asking<Context, Options>,
  place: Place,
): readonly string[] | Promise<readonly string[]> {
  if (hook === undefined) return keysOf(requested, false);
  place.take();
  return asked();

  async function asked(): Promise<readonly string[]> {
    return keysOf(await hooks.ask("channels", () => hook?.(requested, context, options), request.signal), true);
  }
}
