import { checkChannels } from "../../core/arguments.ts";
import { given } from "../../errors.ts";
import { Refusal } from "./refusal.ts";

const ODOO = "bus.Bus only string channels are allowed.";

/** The bounds of the channel names in one request. */
export interface NameLimits {
  readonly maxChannels: number;
  readonly maxChannelLength: number;
}

/** Returns the channel names that a client asked for. Throws a Refusal: a client may name strings only, and not too many. */
export function checkNames(channels: unknown, { maxChannels, maxChannelLength }: NameLimits): readonly string[] {
  if (!Array.isArray(channels)) {
    throw new Refusal(400, "bad_channel", `channels must be a list of strings, got ${given(channels)}`, { odoo: ODOO });
  }
  if (channels.length > maxChannels) {
    throw new Refusal(400, "bad_channel", `at most ${maxChannels} channels can be asked for, got ${channels.length}`);
  }
  for (const name of channels) checkName(name, maxChannelLength);
  return channels as readonly string[]; // each name was checked
}

/** Checks one channel name of a client. Throws a Refusal. */
export function checkName(name: unknown, maxLength: number): asserts name is string {
  if (typeof name !== "string") {
    throw new Refusal(400, "bad_channel", `a channel must be a string, got ${given(name)}`, { odoo: ODOO });
  }
  if (name !== "" && name.length <= maxLength) return;
  throw new Refusal(400, "bad_channel", `the name of a channel has 1 to ${maxLength} characters, got ${given(name)}`);
}

/** Returns the keys of the granted channels. Throws a Refusal, or an Error if a hook returned a wrong value. */
export function keysOf(granted: unknown, isHooks: boolean): readonly string[] {
  if (Array.isArray(granted) && granted.length === 0) return [];
  try {
    return checkChannels(granted);
  } catch (cause) {
    throw isHooks
      ? new Error(`the mount's channels hook ${returned(granted, "a list of channels")}`, { cause })
      : cause;
  }
}

/** Throws a Refusal if there is no channel to read. */
export function checkSome(keys: readonly string[]): void {
  if (keys.length > 0) return;
  throw new Refusal(400, "bad_channel", "there is no channel to read: ask for at least one");
}

/** Returns the error text of a hook that returned a wrong value. */
export function returned(value: unknown, wanted: string): string {
  if (value === undefined) return `returned nothing: it must return ${wanted} (is a "return" missing?)`;
  return `must return ${wanted}, got ${given(value)}`;
}
