import type { PendingRow, Row } from "../../store.ts";
import { giveIds, type Sends } from "../shared/given-ids.ts";
import { pack, unpack } from "../shared/packed.ts";
import type { NatsMessage } from "./driver.ts";
import { type CommittedKeys, committedKeys, readKeys, type SentKeys, writeKeys } from "./sent-keys.ts";

/** The header of each message: the version, and the stamp or the author. */
export const HEADER = "Nightbus";

/** The version of the form of all messages. */
export const VERSION = "1";

/** The most by which a sender's time may differ from the server's, in ms. The sender estimates it before it publishes. */
const ABOUT = 1_000;

/** The ids and the time of one commit. */
export interface Stamp {
  /** The newest id before it. If `first` does not follow directly, an epoch begins. */
  readonly was: number;
  readonly first: number;
  /** The time of the commit, in ms by the server's clock. Until the server has told it, the sender's estimate. */
  readonly at: number;
}

/** One published commit. */
export interface Commit extends Stamp {
  readonly last: number;
  /** Its number in the stream. */
  readonly seq: number;
  /** The id that its sender gave the message. */
  readonly id: string;
  readonly rows: readonly Row[];
  /** Undefined if none of its sends has a key. */
  readonly keys: CommittedKeys | undefined;
}

/** Sends as one message holds them. */
export interface SentTogether {
  readonly sends: Sends;
  /** Undefined if none of them has a key. */
  readonly keys: SentKeys | undefined;
}

/** The part of a snapshot of the marks that a message holds. */
export interface Part {
  readonly of: string;
  readonly index: number;
  readonly count: number;
}

/** The process that publishes a change, and the number of the change. A large change has several messages. */
export interface Author {
  readonly by: string;
  readonly number: number;
}

/** The state of the stream at the start of a consumer. */
export interface Beginning {
  /** The number of messages that wait for delivery. */
  readonly waiting: number;
  /** The server's clock, in ms. Undefined if the server does not tell. */
  readonly now: number | undefined;
}

/** Writes the header of a commit. */
export function stampHeader({ was, first, at }: Stamp): string {
  return [VERSION, was, first, at].join(" ");
}

/** Writes the header of a part of a snapshot. */
export function partHeader({ of, index, count }: Part): string {
  return [VERSION, of, index, count].join(" ");
}

/** Writes the header of a change. */
export function changeHeader({ by, number }: Author): string {
  return [VERSION, by, number].join(" ");
}

/**
 * Packs the body of a commit: the number of rows of each send, and the rows. The keys become the last item in the list of
 * lengths. Versions without keys read the lengths in pairs, and pass over it.
 */
export function packSends({ sends, keys }: SentTogether): Uint8Array {
  const rows: PendingRow[] = [];
  for (const send of sends) for (const row of send) rows.push(row);
  const packed = pack(rows);
  const counts = sends.map((send) => send.length).join(",");
  if (keys === undefined) return Buffer.from(`${counts}\n${packed}`);
  const end = packed.indexOf("\n");
  return Buffer.from(`${counts}\n${packed.slice(0, end)},${writeKeys(keys)}${packed.slice(end)}`);
}

/** The id that its sender gave a message, if any. */
export function idOf({ headers }: NatsMessage): string {
  return headers?.get("Nats-Msg-Id") ?? "";
}

/** The facts about a published message that it does not hold itself. */
export interface Stored {
  /** Its number in the stream. */
  readonly seq: number;
  /** The time of storing, in ms by the server's clock. Undefined if the server does not tell. */
  readonly at: number | undefined;
  /** The time of the commit before it. This commit gets no earlier one. */
  readonly earliest: number;
}

/**
 * Reads a published commit. Undefined for any other message, and for one of a newer nightbus. `sent` are its sends, if this
 * process knows them: its body is then not read.
 */
export function readCommit(message: NatsMessage, stored: Stored, sent?: SentTogether): Commit | undefined {
  const { headers, data } = message;
  const [version, ...numbers] = headers?.get(HEADER).split(" ") ?? [];
  const [was, first, estimated] = numbers.map(Number);
  if (version !== VERSION || was === undefined || first === undefined || estimated === undefined) return undefined;
  const { seq } = stored;
  const at = Math.max(agreed(estimated, stored.at), stored.earliest);
  try {
    const { sends, keys } = sent ?? readSends(Buffer.from(data.buffer, data.byteOffset, data.byteLength).toString());
    const { ids, rows, last } = giveIds(sends, { first, at });
    return { was, first, at, last, seq, id: idOf(message), rows, keys: committedKeys(keys, ids) };
  } catch (error) {
    if (error instanceof SyntaxError || error instanceof URIError) return undefined;
    throw error;
  }
}

/** Reads the header of a mark: a part of a snapshot, or a change. Undefined for any other message. */
export function readPart({ headers }: NatsMessage): Part | Author | undefined {
  const [version, of = "", index, count] = headers?.get(HEADER).split(" ") ?? [];
  if (version !== VERSION) return undefined;
  if (count === undefined) return { by: of, number: Number(index) };
  return { of, index: Number(index), count: Number(count) };
}

/** The sender's time if the server's is about the same, so that all processes agree on it. Otherwise the server's. */
function agreed(estimated: number, stamped: number | undefined): number {
  return stamped === undefined || Math.abs(estimated - stamped) <= ABOUT ? estimated : stamped;
}

function readSends(text: string): SentTogether {
  const end = text.indexOf("\n");
  const packed = text.slice(end + 1);
  const pending = unpack(packed);
  let taken = 0;
  const sends = text
    .slice(0, Math.max(0, end))
    .split(",")
    .map((count) => {
      taken += Number(count);
      return pending.slice(taken - Number(count), taken);
    });
  if (taken !== pending.length) throw new SyntaxError("the text is no packed commit");
  const lengths = packed.slice(0, packed.indexOf("\n"));
  return { sends, keys: readKeys(lengths.slice(lengths.lastIndexOf(",") + 1)) };
}

/** A time in whole ms. Undefined for any other number. */
export function timeOf(ms: number): number | undefined {
  return ms > 0 ? Math.floor(ms) : undefined;
}
