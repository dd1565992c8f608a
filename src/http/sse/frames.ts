import type { Answer } from "../../log/answer.ts";
import type { SharedRow } from "../../log/row.ts";
import { sharedBytes } from "../endpoint/chunks.ts";
import { Pieces } from "../writing/pieces.ts";

/** The length of frames beyond which they are written in pieces, in UTF-16 units. */
const WHOLE = 256 * 1024;

/** Returns the frames of an answer as bytes, or as pieces if they are long. Streams with the same answer share them. */
export function framesOf(answer: Answer): Uint8Array | Pieces {
  return answer.once(build);
}

/** Returns the first frame. A connection that breaks before its first notification resumes from here, after `retry` ms. */
export function hello(position: number, retry: number, heartbeat: number): Uint8Array {
  const data = JSON.stringify({ last: position, heartbeat }); // JSON writes an infinite heartbeat as null
  return Buffer.from(`retry: ${retry}\nevent: position\ndata: ${data}\nid: ${position}\n\n`);
}

/** Returns a frame that moves the cursor. Some parsers only emit frames that have a name and data. */
export function heartbeat(position: number): Uint8Array {
  return Buffer.from(`event: position\ndata: {"last":${position}}\nid: ${position}\n\n`);
}

/** Returns a frame that tells of missed rows after `last`. `position` is the one before the next notification. */
export function missed(last: number, position: number): Uint8Array {
  return Buffer.from(`event: missed\ndata: {"last":${last}}\nid: ${position}\n\n`);
}

function build({ rows, size }: Answer): Uint8Array | Pieces {
  if (size > WHOLE) return new Pieces(size, () => frameTexts(rows));
  return sharedBytes(rows.map(frameOf).join(""));
}

// JSON.stringify leaves no line break in a text, so that one line of data holds it. The id comes last, because some
// clients keep an id before its frame has ended. A connection that breaks in the middle of the data would then resume after a notification that the client never got.
function frameOf({ id, text }: SharedRow): string {
  return `data: ${text}\nid: ${id}\n\n`;
}

function* frameTexts(rows: readonly SharedRow[]): Generator<string> {
  for (const { id, parts } of rows) {
    yield "data: ";
    yield* parts;
    yield `\nid: ${id}\n\n`;
  }
}
