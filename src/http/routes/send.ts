import { insideOf } from "../../core/module-copies.ts";
import { nameOf } from "../../core/send-keys.ts";
import { given } from "../../errors.ts";
import { isOwnName } from "../../presence/channels.ts";
import type { SendKey } from "../../store.ts";
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
    const sending = async (): Promise<readonly number[]> => {
      const key = await keyOf(mounted, request, context, checked);
      return publish(mounted, checked, context, key);
    };
    return dialect.sent(await mounted.capacity.sending(sending));
  } catch (error) {
    const refusal = refusalOf(error);
    if (refusal === undefined) throw error;
    return dialect.refused(refusal);
  }
}

/**
 * Returns the key of the header `Idempotency-Key`, with or without quotes; undefined without the header. Its hash is that of
 * what the client sent. Hooks and schemas may add what differs each time.
 */
async function keyOf<C extends object, Context>(
  { bus, options, hooks }: Mounted<C, Context>,
  request: EndpointRequest,
  context: Context,
  entries: readonly RemoteEntry[],
): Promise<SendKey | undefined> {
  const header = request.header("idempotency-key");
  if (header === undefined) return undefined;
  const user: unknown = await hooks.ask("user", () => options.user?.(context));
  if (user !== undefined && typeof user !== "string" && typeof user !== "number") {
    throw new Error(`the mount's user hook ${returned(user, "a text or a number, or undefined for a stranger")}`);
  }
  const scope = user === undefined ? "stranger" : `user ${typeof user} ${user}`;
  const key = /^"(.*)"$/.exec(header.trim())?.[1] ?? header.trim();
  return insideOf(bus).keyFor(nameOf(`http ${scope}`, key), entries);
}

async function publish<C extends object, Context>(
  { bus, options, hooks }: Mounted<C, Context>,
  entries: readonly RemoteEntry[],
  context: Context,
  key: SendKey | undefined,
): Promise<readonly number[]> {
  // The hook vouches for the entries, as below.
  const send = (checked: unknown): Promise<readonly number[]> =>
    key === undefined ? bus.sendmany(checked as never) : insideOf(bus).sendKeyed(checked, key);
  const verdict = await hooks.ask("send", () => options.send?.(entries, context));
  // A client's entries may not fit the application's types. A hook that lets them through vouches for them.
  if (verdict === true) return send(entries);
  if (verdict === false) throw new Refusal(403, "refused", "this may not be sent");
  if (!Array.isArray(verdict)) {
    throw new Error(`the mount's send hook ${returned(verdict, "true, false or entries")}`);
  }
  try {
    return await send(verdict); // the hook's type says so
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
    if (isOwnName(channel)) throw ownName(channel);
    if (message === undefined) throw new Refusal(400, "bad_message", "there is no message; send null for nothing");
    return [channel, message];
  });
}

/** Refuses a name that the application's hook might turn into a channel of nightbus's own. Readers believe what comes there. */
function ownName(name: string): Refusal {
  return new Refusal(
    400,
    "bad_channel",
    `nightbus alone sends on channels of the name ${given(name)}: use another name`,
  );
}
