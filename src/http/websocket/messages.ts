import type { Answer } from "../../log/answer.ts";
import type { SharedRow } from "../../log/row.ts";
import { Pieces } from "../writing/pieces.ts";

/** A message in the form of Odoo's own. */
export interface Message {
  readonly type: string;
  readonly payload: unknown;
}

/** The length of a frame beyond which another begins, in UTF-16 units. A notification is never parted. */
const FRAME = 256 * 1024;

/** Returns the notifications of an answer as one frame, or as several that are built one by one. Sockets with the same answer share them. */
export function messagesOf(answer: Answer): Uint8Array | Pieces {
  return answer.once(frameOf);
}

/** Returns the list of an answer's notifications, as text in parts. */
export function* listOfMessages(rows: readonly SharedRow[]): Generator<string> {
  let before = "[";
  for (const row of rows) {
    yield before;
    yield* partsOf(row);
    before = ",";
  }
  yield rows.length === 0 ? "[]" : "]";
}

/** The newest frame. Clients that come back together have answers of their own with the same rows. */
let newest: { readonly rows: readonly SharedRow[]; readonly bytes: Uint8Array } | undefined;

function frameOf({ rows, size }: Answer): Uint8Array | Pieces {
  if (size > FRAME) return new Pieces(size, () => framesOf(rows), encoded);
  if (newest === undefined || !isSame(newest.rows, rows)) newest = { rows, bytes: Buffer.from(textOf(rows)) };
  return newest.bytes;
}

/** Returns a frame of notifications that were given before, under the id of the client's position, which they leave as it is. */
export function againAt(id: number, rows: readonly SharedRow[]): Uint8Array {
  return Buffer.from(`[${rows.map((row) => partsOf(row, id).join("")).join(",")}]`);
}

/** Returns a frame of one message under the id of the client's position. */
export function messageAt(id: number, message: Message): Uint8Array {
  return Buffer.from(JSON.stringify([{ id, message }]));
}

function isSame(some: readonly SharedRow[], others: readonly SharedRow[]): boolean {
  return some.length === others.length && some.every((row, index) => row === others[index]);
}

function* framesOf(rows: readonly SharedRow[]): Generator<string> {
  let size = 0;
  let from = 0;
  for (const [index, row] of rows.entries()) {
    if (size > 0 && size + row.size > FRAME) {
      yield textOf(rows.slice(from, index));
      [from, size] = [index, 0];
    }
    size += row.size;
  }
  yield textOf(rows.slice(from));
}

function* encoded(frames: Iterable<string>): Generator<Buffer<ArrayBuffer>, undefined> {
  for (const frame of frames) yield Buffer.from(frame);
}

function textOf(rows: readonly SharedRow[]): string {
  return `[${rows.map((row) => partsOf(row).join("")).join(",")}]`;
}

/** Returns the text of a notification in parts. The middle part may be long. */
function partsOf(row: SharedRow, id = row.id): readonly [string, string, string] {
  const { json } = row;
  if (isOdoo(row)) return [`{"id":${id},"message":`, json, "}"];
  return [`{"id":${id},"message":{"type":${nameOf(row)},"payload":`, json, "}}"];
}

/** Returns the name of a row's channel as JSON. */
function nameOf({ key, channel }: SharedRow): string {
  return typeof channel === "string" ? key : JSON.stringify(channel[0]);
}

/**
 * Returns true if a message has the form of Odoo's own, a `type` and a `payload`. Only a text that may have it is parsed, once for
 * all sockets: JSON.stringify writes these names without escapes.
 */
function isOdoo(row: SharedRow): boolean {
  const { json } = row;
  if (!json.startsWith("{") || !json.includes('"type":') || !json.includes('"payload":')) return false;
  try {
    const message = row.notification.message as Readonly<Record<string, unknown>>; // the text begins with a brace
    return typeof message["type"] === "string" && Object.hasOwn(message, "payload");
  } catch {
    return false; // a text that is no JSON goes out as it is, as over HTTP
  }
}
