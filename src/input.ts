import { BusError, given } from "./errors.ts";
import { keyOf } from "./notification.ts";
import type { PendingRow } from "./store.ts";

/** The keys of the channels that a reader names, each once. Throws `bad_channel`. */
export function checkChannels(channels: unknown): readonly string[] {
  if (!Array.isArray(channels) || channels.length === 0) {
    throw new BusError("bad_channel", `channels must be a list of at least one channel, got ${given(channels)}`);
  }
  if (channels.length === 1) return [keyOf(channels[0])];
  return [...new Set(Array.from(channels, (channel) => keyOf(channel)))]; // unlike map, it does not pass over holes
}

/** Throws `bad_last`. */
export function checkLast(last: unknown): number {
  if (Number.isSafeInteger(last) && (last as number) >= 0) return last as number;
  throw new BusError(
    "bad_last",
    `last must be an integer from 0 up (an id, a batch's last or bus.last), got ${given(last)}`,
  );
}

/** Throws `bad_timeout`. */
export function checkTimeout(timeout: unknown): number {
  if (typeof timeout === "number" && timeout >= 0) return timeout;
  throw new BusError(
    "bad_timeout",
    `timeout must be a number of ms from 0 up (Infinity for none), got ${given(timeout)}`,
  );
}

/** Throws `bad_limit`. */
export function checkLimit(name: string, limit: unknown): number {
  if (limit === Number.POSITIVE_INFINITY || (Number.isSafeInteger(limit) && (limit as number) > 0))
    return limit as number;
  throw new BusError("bad_limit", `${name} must be an integer from 1 up, got ${given(limit)}`);
}

/** Throws `bad_option`. */
export function checkSize(name: string, size: unknown): number {
  if (size === Number.POSITIVE_INFINITY || (Number.isSafeInteger(size) && (size as number) > 0)) return size as number;
  throw new BusError("bad_option", `${name} must be an integer from 1 up, got ${given(size)}`);
}

/** Throws `bad_option`. */
export function checkMs(name: string, ms: unknown): number {
  if (typeof ms === "number" && ms >= 0) return ms;
  throw new BusError("bad_option", `${name} must be a number of ms from 0 up, got ${given(ms)}`);
}

/** Throws `bad_option`. */
export function checkSignal(signal: unknown): AbortSignal | undefined {
  if (signal === undefined || signal instanceof AbortSignal) return signal;
  throw new BusError("bad_option", `signal must be an AbortSignal, got ${given(signal)}`);
}

/** Throws `bad_option` for what is neither undefined nor a function. */
export function checkCallback(name: string, callback: unknown): void {
  if (callback === undefined || typeof callback === "function") return;
  throw new BusError("bad_option", `${name} must be a function, got ${given(callback)}`);
}

/** Throws `bad_option` for a port, such as a store, that has no such method. */
export function checkPort(name: string, port: unknown, method: string, advice: string): void {
  if (typeof (Object(port) as Record<string, unknown>)[method] === "function") return;
  throw new BusError("bad_option", `${name} must be ${advice}, got ${given(port)}`);
}

/** Throws `bad_option` when an option is not one of those known, since a misspelt one would do nothing. */
export function checkNames(what: string, options: unknown, known: readonly string[]): void {
  if (typeof options !== "object" || options === null) {
    throw new BusError("bad_option", `the options of ${what} must be an object, got ${given(options)}`);
  }
  for (const name of Object.keys(options)) {
    if (known.includes(name)) continue;
    throw new BusError("bad_option", `${what} has no option ${given(name)}; it has ${known.join(", ")}`);
  }
}

/** Bounds of what can be sent, in bytes of UTF-8. */
interface SendLimits {
  /** Of one message's JSON text. */
  readonly maxMessage: number;
  /** Of one send, as the bus has it. */
  readonly maxSend: number;
  /** Of one send, as the store has it. */
  readonly maxBytes: number;
}

/** Serialises what is sent, so that later changes to it change nothing. Throws `bad_channel` or `bad_message`. */
export function serialise(entries: unknown, limits: SendLimits): readonly PendingRow[] {
  if (!Array.isArray(entries)) {
    throw new BusError("bad_message", `entries must be a list of [channel, message] pairs, got ${given(entries)}`);
  }
  const rows: PendingRow[] = [];
  for (const entry of entries) rows.push(pendingRow(entry, limits.maxMessage)); // unlike map, it does not pass over holes
  checkBytes(rows, limits);
  return rows;
}

/** The size of the keys and messages of a send, in bytes of UTF-8. */
export function bytesOf(rows: readonly PendingRow[]): number {
  let bytes = 0;
  for (const { key, json } of rows) bytes += Buffer.byteLength(key) + Buffer.byteLength(json);
  return bytes;
}

/** The most that `bytesOf` can come to: three for each UTF-16 unit, of which the number is known. */
export function mostBytesOf(rows: readonly PendingRow[]): number {
  let units = 0;
  for (const { key, json } of rows) units += key.length + json.length;
  return units * 3;
}

function pendingRow(entry: unknown, maxMessage: number): PendingRow {
  if (!Array.isArray(entry) || entry.length !== 2) {
    throw new BusError("bad_message", `an entry must be a pair [channel, message], got ${given(entry)}`);
  }
  return { key: keyOf(entry[0]), json: jsonOf(entry[1], maxMessage) };
}

function jsonOf(message: unknown, maxMessage: number): string {
  let json: string | undefined;
  try {
    json = JSON.stringify(message);
  } catch (cause) {
    throw new BusError("bad_message", `a message must be JSON, and this one cannot be written so: ${given(cause)}`, {
      cause,
    });
  }
  if (json === undefined) {
    throw new BusError("bad_message", `a message must be JSON, got ${given(message)}; send null for nothing`);
  }
  // A UTF-16 unit takes at most three bytes, so most messages need no counting.
  if (json.length * 3 > maxMessage && Buffer.byteLength(json) > maxMessage) {
    const bytes = Buffer.byteLength(json);
    throw new BusError(
      "bad_message",
      `a message may have ${maxMessage} bytes of JSON (maxMessage), this one has ${bytes}`,
    );
  }
  return json;
}

function checkBytes(rows: readonly PendingRow[], { maxSend, maxBytes }: SendLimits): void {
  const most = Math.min(maxSend, maxBytes);
  if (mostBytesOf(rows) <= most) return;
  const bytes = bytesOf(rows);
  if (bytes <= most) return;
  const bound =
    maxBytes < maxSend
      ? `the store takes sends of at most ${maxBytes} bytes`
      : `a send may have ${maxSend} bytes (maxSend)`;
  throw new BusError("bad_message", `${bound}, this one has ${bytes}; send it in parts`);
}
