import { keysOf } from "../endpoint/channels.ts";
import type { EndpointRequest } from "../endpoint/request.ts";
import type { Mounted } from "../mounted.ts";

/** A client that asks to read, and its request. */
export interface Asking<Context> {
  readonly requested: readonly string[];
  /** The position to read from, which the store has to have reached. */
  readonly last: number;
  readonly request: EndpointRequest;
  readonly context: Context;
  readonly options: Readonly<Record<string, unknown>>;
}

/**
 * The keys of the channels that the application lets this client read, when the bus has reached its position: at once where nothing has
 * to be waited for. It takes a place before the hook is asked. Throws or rejects with a Refusal, or an Error of the hook's.
 */
export function grant<C extends object, Context>(
  mounted: Mounted<C, Context>,
  asking: Asking<Context>,
): readonly string[] | Promise<readonly string[]> {
  const { hub, options } = mounted;
  if (options.channels !== undefined) return grantByHook(mounted, asking);
  const reaching = hub.reach(asking.last);
  const keys = keysOf(asking.requested, false);
  return reaching === undefined ? keys : waiting(mounted, reaching).then(() => keys);
}

async function grantByHook<C extends object, Context>(
  mounted: Mounted<C, Context>,
  { requested, last, request, context, options }: Asking<Context>,
): Promise<readonly string[]> {
  const { capacity, hooks, hub } = mounted;
  const hook = mounted.options.channels;
  capacity.enter();
  try {
    const keys = keysOf(await hooks.query("channels", () => hook?.(requested, context, options), request.signal), true);
    await hub.reach(last);
    return keys;
  } finally {
    capacity.leave();
  }
}

/** Counts among those who wait until this has settled. */
async function waiting<C extends object, Context>(
  { capacity }: Mounted<C, Context>,
  reaching: Promise<void>,
): Promise<void> {
  reaching.catch(() => {}); // there may be no room to wait for it
  capacity.enter();
  try {
    await reaching;
  } finally {
    capacity.leave();
  }
}
