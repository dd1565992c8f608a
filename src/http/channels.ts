import { given } from "../errors.ts";
import { checkChannels } from "../input.ts";
import { Refusal, refusalOfHook } from "./refusal.ts";

const ODOO = "bus.Bus only string channels are allowed.";

export interface NameLimits {
  readonly maxChannels: number;
  readonly maxChannelLength: number;
}

/** The names of channels that a client asked for. Throws a Refusal: a client may name strings, and not too many. */
export function checkNames(channels: unknown, { maxChannels, maxChannelLength }: NameLimits): readonly string[] {
  if (!Array.isArray(channels)) {
    throw new Refusal(400, "bad_channel", `channels must be a list of strings, got ${given(channels)}`, { odoo: ODOO });
  }
  if (channels.length > maxChannels) {
    throw new Refusal(400, "bad_channel", `at most ${maxChannels} channels can be asked for, got ${channels.length}`);
  }
  for (const name of channels) checkName(name, maxChannelLength);
  return channels as readonly string[]; // each was checked
}

/** The name of one channel that a client gave. Throws a Refusal. */
export function checkName(name: unknown, maxLength: number): asserts name is string {
  if (typeof name !== "string") {
    throw new Refusal(400, "bad_channel", `a channel must be a string, got ${given(name)}`, { odoo: ODOO });
  }
  if (name !== "" && name.length <= maxLength) return;
  throw new Refusal(400, "bad_channel", `the name of a channel has 1 to ${maxLength} characters, got ${given(name)}`);
}

type Hook<Context> = (
  requested: readonly string[],
  context: Context,
  options: Readonly<Record<string, unknown>>,
) => unknown;

/** The keys of the channels that the application lets this client read. Throws a Refusal, or an Error of the hook's. */
export function grant<Context>(
  requested: readonly string[],
  hook: Hook<Context> | undefined,
  context: Context,
  options: Readonly<Record<string, unknown>>,
): readonly string[] | Promise<readonly string[]> {
  return hook === undefined ? keysOf(requested) : ask(() => hook(requested, context, options), "channels").then(keysOf);
}

function keysOf(granted: unknown): readonly string[] {
  if (Array.isArray(granted) && granted.length === 0) {
    throw new Refusal(400, "bad_channel", "there is no channel to read: ask for at least one");
  }
  try {
    return checkChannels(granted);
  } catch (cause) {
    throw new Error(`the mount's channels hook must return a list of channels, got ${given(granted)}`, { cause });
  }
}

/** Asks a hook of the application. What it throws with the status 401 or 403 refuses the client; anything else is its own fault. */
export async function ask(hook: () => unknown, name: string): Promise<unknown> {
  try {
    return await hook();
  } catch (cause) {
    throw refusalOfHook(cause) ?? new Error(`the mount's ${name} hook failed`, { cause });
  }
}
