import type { Answer } from "../log/answer.ts";
import type { SharedRow } from "../log/row.ts";

/** The frames of an answer as bytes. Streams that are handed the same answer share them. */
export function framesOf(answer: Answer): Uint8Array {
  return answer.once(build);
}

/** How many of these rows, from the first on, have no more UTF-16 units than this. */
export function countFitting(rows: readonly SharedRow[], size: number): number {
  let left = size;
  let count = 0;
  for (const { text } of rows) {
    left -= text.length;
    if (left < 0) break;
    count += 1;
  }
  return count;
}

/** The first frame: a connection that breaks before its first notification resumes from here, after so many ms. */
export function hello(position: number, retry: number): Uint8Array {
  return Buffer.from(`retry: ${retry}\nid: ${position}\n\n`);
}

/** A frame without data, which an EventSource does not dispatch: it only moves the cursor. */
export function heartbeat(position: number): Uint8Array {
  return Buffer.from(`id: ${position}\n\n`);
}

/** The history after `last` has a hole; `position` is the one before what follows. */
export function missed(last: number, position: number): Uint8Array {
  return Buffer.from(`event: missed\nid: ${position}\ndata: {"last":${last}}\n\n`);
}

function build({ rows }: Answer): Uint8Array {
  // A Buffer, since Node makes one of any other Uint8Array at each write.
  return Buffer.from(rows.map(frameOf).join(""));
}

// JSON.stringify leaves no line break in a text, so that one line of data holds it.
function frameOf({ id, text }: SharedRow): string {
  return `id: ${id}\ndata: ${text}\n\n`;
}
