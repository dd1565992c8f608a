import { given } from "../../errors.ts";
import type { Entry } from "../../notification.ts";
import { isJsonRpc, rpcSend } from "../dialects/jsonrpc.ts";
import { plainSend } from "../dialects/plain.ts";
import { bodyOf, jsonIn } from "../endpoint/body.ts";
import { checkName, returned } from "../endpoint/channels.ts";
import { Refusal, refusalOf } from "../endpoint/refusal.ts";
import type { EndpointReply, EndpointRequest } from "../endpoint/request.ts";
import type { Mounted } from "../mounted.ts";
import type { RemoteEntry } from "../options.ts";

/** `POST send`: publishes the entries that the application's hook allows. */
export async function send<C extends object, Context>(
  mounted: Mounted<C, Context>,
  request: EndpointRequest,
  context: Context,
): Promise<EndpointReply> {
  const body = jsonIn(await bodyOf(request, mounted.bodies));
  const { dialect, entries } = isJsonRpc(body) ? rpcSend(body) : plainSend(body);
  try {
    const checked = checkEntries(entries, mounted.options.maxChannelLength);
    return dialect.sent(await mounted.capacity.sending(() => publish(mounted, checked, context)));
  } catch (error) {
    const refusal = refusalOf(error);
    if (refusal === undefined) throw error;
    return dialect.refused(refusal);
  }
}

async function publish<C extends object, Context>(
  { bus, options, hooks }: Mounted<C, Context>,
  entries: readonly RemoteEntry[],
  context: Context,
): Promise<readonly number[]> {
  const verdict = await hooks.ask("send", () => options.send?.(entries, context));
  // A client's entries may not fit the application's types. A hook that lets them through vouches for them.
  if (verdict === true) return bus.sendmany(entries as unknown as readonly Entry<C>[]);
  if (verdict === false) throw new Refusal(403, "refused", "this may not be sent");
  if (!Array.isArray(verdict)) {
    throw new Error(`the mount's send hook ${returned(verdict, "true, false or entries")}`);
  }
  try {
    return await bus.sendmany(verdict as unknown as readonly Entry<C>[]); // the hook's type says so
  } catch (cause) {
    if (refusalOf(cause)?.status !== 400) throw cause;
    throw new Error("the mount's send hook must return entries that can be sent", { cause });
  }
}

function checkEntries(entries: unknown, maxChannelLength: number): readonly RemoteEntry[] {
  if (!Array.isArray(entries) || entries.length === 0) {
    throw new Refusal(400, "bad_message", `entries must be a list of [channel, message] pairs, got ${given(entries)}`);
  }
  return entries.map((entry) => {
    if (!Array.isArray(entry) || entry.length !== 2) {
      throw new Refusal(400, "bad_message", `an entry must be a pair [channel, message], got ${given(entry)}`);
    }
    const [channel, message] = entry as readonly unknown[];
    checkName(channel, maxChannelLength);
    if (message === undefined) throw new Refusal(400, "bad_message", "there is no message; send null for nothing");
    return [channel, message];
  });
}
