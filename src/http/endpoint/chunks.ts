/** The bytes of a frame, and the same bytes with the head and the end of a chunk of HTTP/1.1. Both are views of one memory. */
const chunks = new WeakMap<Uint8Array, Buffer>();

const END = "\r\n";

/**
 * Returns a text as bytes that many responses will write. Their chunk is made here once, where Node would write four
 * pieces for each response.
 */
export function sharedBytes(text: string): Buffer {
  const size = Buffer.byteLength(text);
  const head = `${size.toString(16)}${END}`;
  const chunk = Buffer.allocUnsafe(head.length + size + END.length);
  chunk.write(head, "latin1");
  chunk.write(text, head.length);
  chunk.write(END, head.length + size, "latin1");
  const bytes = chunk.subarray(head.length, head.length + size);
  chunks.set(bytes, chunk);
  return bytes;
}

/** Returns bytes as one chunk of HTTP/1.1. No bytes would end the response, and have no chunk. */
export function chunkOf(bytes: Uint8Array): Buffer {
  return (
    chunks.get(bytes) ?? Buffer.concat([Buffer.from(`${bytes.length.toString(16)}${END}`), bytes, Buffer.from(END)])
  );
}
