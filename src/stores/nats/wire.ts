import type { PendingRow, Row } from "../../store.ts";
import { giveIds, type Sends } from "../shared/given-ids.ts";
import { pack, unpack } from "../shared/packed.ts";
import type { NatsMessage } from "./driver.ts";

/** The header that says what a message is: of which version, and where it stands. */
export const HEADER = "Nightbus";

const VERSION = "1";

/** The most by which a sender's time may differ from the server's, in ms: it was reckoned before the message was on its way. */
const ABOUT = 1_000;

/** Where one commit stands in the log. */
export interface Place {
  /** The newest id before it. Where `first` does not follow it, a run begins. */
  readonly was: number;
  readonly first: number;
  /** When it was committed, in ms by the server's clock; as its sender reckons until the server has said. */
  readonly at: number;
}

/** One commit, as it is published. */
export interface Commit extends Place {
  readonly last: number;
  /** Its number in the stream. */
  readonly seq: number;
  /** The id that its sender gave the message. */
  readonly id: string;
  readonly rows: readonly Row[];
}

/** Which part of a snapshot of the marks a message is; a change of them has none. */
export interface Part {
  readonly of: string;
  readonly index: number;
  readonly count: number;
}

/** Which process publishes a change, and which of its changes: a large one is several messages. */
export interface Author {
  readonly by: string;
  readonly number: number;
}

/** The messages that a consumer finds when it begins. */
export interface Beginning {
  /** The number of messages that there are already. */
  readonly waiting: number;
  /** The server's clock, in ms; undefined where it does not say. */
  readonly now: number | undefined;
}

export function placeHeader({ was, first, at }: Place): string {
  return [VERSION, was, first, at].join(" ");
}

export function partHeader({ of, index, count }: Part): string {
  return [VERSION, of, index, count].join(" ");
}

export function changeHeader({ by, number }: Author): string {
  return [VERSION, by, number].join(" ");
}

/** The body of a commit: how many rows each send has, and the rows. */
export function packSends(sends: Sends): Uint8Array {
  const rows: PendingRow[] = [];
  for (const send of sends) for (const row of send) rows.push(row);
  return Buffer.from(`${sends.map((send) => send.length).join(",")}\n${pack(rows)}`);
}

/** The id that its sender gave a message, if any. */
export function idOf({ headers }: NatsMessage): string {
  return headers?.get("Nats-Msg-Id") ?? "";
}

/** The facts about a published message beside its own words. */
export interface Stored {
  /** Its number in the stream. */
  readonly seq: number;
  /** When it was stored, by the server's clock, in ms; undefined where the server does not say. */
  readonly at: number | undefined;
  /** The time of the commit before it, than which it is not earlier. */
  readonly earliest: number;
}

/**
 * A commit that was published; undefined for what is none, or one of a newer nightbus. Where it is known what was `sent` with
 * it, that is not read again.
 */
export function readCommit(message: NatsMessage, stored: Stored, sent?: Sends): Commit | undefined {
  const { headers, data } = message;
  const [version, ...numbers] = headers?.get(HEADER).split(" ") ?? [];
  const [was, first, reckoned] = numbers.map(Number);
  if (version !== VERSION || was === undefined || first === undefined || reckoned === undefined) return undefined;
  const { seq } = stored;
  const at = Math.max(agreed(reckoned, stored.at), stored.earliest);
  try {
    const sends = sent ?? readSends(Buffer.from(data.buffer, data.byteOffset, data.byteLength).toString());
    const { rows, last } = giveIds(sends, { first, at });
    return { was, first, at, last, seq, id: idOf(message), rows };
  } catch (error) {
    if (error instanceof SyntaxError) return undefined;
    throw error;
  }
}

/** Which part of a snapshot this is, or whose change; undefined for what is none of ours. */
export function readPart({ headers }: NatsMessage): Part | Author | undefined {
  const [version, of = "", index, count] = headers?.get(HEADER).split(" ") ?? [];
  if (version !== VERSION) return undefined;
  if (count === undefined) return { by: of, number: Number(index) };
  return { of, index: Number(index), count: Number(count) };
}

/** The sender's time if the server's is about the same, so that both processes keep one time; else the server's. */
function agreed(reckoned: number, stamped: number | undefined): number {
  return stamped === undefined || Math.abs(reckoned - stamped) <= ABOUT ? reckoned : stamped;
}

function readSends(text: string): Sends {
  const end = text.indexOf("\n");
  const pending = unpack(text.slice(end + 1));
  let taken = 0;
  const sends = text
    .slice(0, Math.max(0, end))
    .split(",")
    .map((count) => {
      taken += Number(count);
      return pending.slice(taken - Number(count), taken);
    });
  if (taken !== pending.length) throw new SyntaxError("these are no packed sends");
  return sends;
}

/** A time in whole ms; undefined for what is none. */
export function timeOf(ms: number): number | undefined {
  return ms > 0 ? Math.floor(ms) : undefined;
}
