import type { Answer } from "../../log/answer.ts";
import type { SharedRow } from "../../log/row.ts";
import { Pieces } from "../writing/pieces.ts";

/** Frames beyond this, in UTF-16 units, are written in pieces. */
const WHOLE = 256 * 1024;

/** The frames of an answer: bytes, or pieces where they are many. Streams that are handed the same answer share them. */
export function framesOf(answer: Answer): Uint8Array | Pieces {
  return answer.once(build);
}

/** The bytes of frames, or the length of their text where they are many. */
export function lengthOf(frames: Uint8Array | Pieces): number {
  return frames instanceof Pieces ? frames.size : frames.length;
}

/** The first frame: a connection that breaks before its first notification resumes from here, after so many ms. */
export function hello(position: number, retry: number, heartbeat: number): Uint8Array {
  const data = JSON.stringify({ last: position, heartbeat }); // null for none
  return Buffer.from(`retry: ${retry}\nevent: position\ndata: ${data}\nid: ${position}\n\n`);
}

/** Moves the cursor. It has a name and data, since some parsers hand on a frame without either. */
export function heartbeat(position: number): Uint8Array {
  return Buffer.from(`event: position\ndata: {"last":${position}}\nid: ${position}\n\n`);
}

/** The history after `last` has a gap; `position` is the one before what follows. */
export function missed(last: number, position: number): Uint8Array {
  return Buffer.from(`event: missed\ndata: {"last":${last}}\nid: ${position}\n\n`);
}

function build({ rows, size }: Answer): Uint8Array | Pieces {
  if (size > WHOLE) return new Pieces(size, () => frameTexts(rows));
  // A Buffer, since Node makes one of any other Uint8Array at each write.
  return Buffer.from(rows.map(frameOf).join(""));
}

// JSON.stringify leaves no line break in a text, so that one line of data holds it. The id comes last, since some clients keep an id
// before its frame has ended: a connection that broke in the middle of the data would resume behind them.
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
