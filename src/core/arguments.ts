import { BusError, given } from "../errors.ts";
import { keyOf } from "../notification.ts";

/** Returns the keys of the channels that a reader names, each once. Throws `bad_channel`. */
export function checkChannels(channels: unknown): readonly string[] {
  if (!Array.isArray(channels) || channels.length === 0) {
    throw new BusError("bad_channel", `channels must be a list of at least one channel, got ${given(channels)}`);
  }
  if (channels.length === 1) return [keyOf(channels[0])];
  return [...new Set(Array.from(channels, (channel) => keyOf(channel)))]; // Array.from visits empty slots too, which map skips
}

/** Returns a position to read from. Throws `bad_last`. */
export function checkLast(last: unknown): number {
  if (Number.isSafeInteger(last) && (last as number) >= 0) return last as number;
  throw new BusError(
    "bad_last",
    `last must be an integer from 0 up (an id, a batch's last or bus.last), got ${given(last)}`,
  );
}

/** Returns a wait in ms. Throws `bad_timeout`. */
export function checkTimeout(timeout: unknown): number {
  if (typeof timeout === "number" && timeout >= 0) return timeout;
  throw new BusError(
    "bad_timeout",
    `timeout must be a number of ms from 0 up (Infinity for none), got ${given(timeout)}`,
  );
}

/** Returns a number of rows, or Infinity. Throws `bad_limit`. */
export function checkLimit(name: string, limit: unknown): number {
  if (limit === Number.POSITIVE_INFINITY || (Number.isSafeInteger(limit) && (limit as number) > 0))
    return limit as number;
  throw new BusError("bad_limit", `${name} must be an integer from 1 up, got ${given(limit)}`);
}
