import { BusError, given } from "../errors.ts";
import { keyOf } from "../notification.ts";
import type { PendingRow } from "../store.ts";

/** The bounds of a send, in bytes of UTF-8. */
export interface SendLimits {
  /** The bound of one message's JSON text. */
  readonly maxMessage: number;
  /** The bus's bound of one send. */
  readonly maxSend: number;
  /** The store's bound of one send. */
  readonly maxBytes: number;
}

/**
 * Serialises the entries of a send during the call, so that later changes to them have no effect. Throws `bad_channel`
 * or `bad_message`.
 */
export function serialise(entries: unknown, limits: SendLimits): readonly PendingRow[] {
  const rows: PendingRow[] = [];
  // for-of visits empty slots too, which map skips
  for (const entry of listOf(entries)) {
    const [channel, message] = pairOf(entry);
    rows.push({ key: keyOf(channel), json: jsonOf(message, limits) });
  }
  return inBounds(rows, limits);
}

/** Returns the entries of a send. Throws `bad_message` if they are no list. */
export function listOf(entries: unknown): readonly unknown[] {
  if (Array.isArray(entries)) return entries;
  throw new BusError("bad_message", `entries must be a list of [channel, message] pairs, got ${given(entries)}`);
}

/** Returns the channel and the message of an entry, unchecked. Throws `bad_message` if the entry is no pair. */
export function pairOf(entry: unknown): readonly [channel: unknown, message: unknown] {
  if (Array.isArray(entry) && entry.length === 2) return entry as [unknown, unknown];
  throw new BusError("bad_message", `an entry must be a pair [channel, message], got ${given(entry)}`);
}

/** Returns the size of the keys and messages of a send, in bytes of UTF-8. */
export function bytesOf(rows: readonly PendingRow[]): number {
  let bytes = 0;
  for (const { key, json } of rows) bytes += Buffer.byteLength(key) + Buffer.byteLength(json);
  return bytes;
}

/** Returns an upper bound of `bytesOf` without a look at the text: a UTF-16 unit takes at most three bytes. */
export function mostBytesOf(rows: readonly PendingRow[]): number {
  let units = 0;
  for (const { key, json } of rows) units += key.length + json.length;
  return units * 3;
}

/** Returns a message as JSON text. Throws `bad_message`. */
export function jsonOf(message: unknown, { maxMessage }: Pick<SendLimits, "maxMessage">): string {
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

/** Returns the rows of a send. Throws `bad_message` if they are too large together. */
export function inBounds(rows: readonly PendingRow[], { maxSend, maxBytes }: SendLimits): readonly PendingRow[] {
  const most = Math.min(maxSend, maxBytes);
  if (mostBytesOf(rows) <= most) return rows;
  const bytes = bytesOf(rows);
  if (bytes <= most) return rows;
  const bound =
    maxBytes < maxSend
      ? `the store takes sends of at most ${maxBytes} bytes`
      : `a send may have ${maxSend} bytes (maxSend)`;
  throw new BusError("bad_message", `${bound}, this one has ${bytes}; send it in parts`);
}
