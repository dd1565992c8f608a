/** A block of an event stream. */
export interface Frame {
  readonly id?: string;
  readonly event?: string;
  /** The lines of data, joined by line feeds. */
  readonly data?: string;
  readonly retry?: string;
}

/** Reads an event stream in chunks that are cut anywhere. Each block is handed over at its empty line, even without data. */
export function parser(handOver: (frame: Frame) => void): (bytes: Uint8Array) => void {
  const decoder = new TextDecoder(); // the decoder keeps halves of characters, and drops a byte order mark
  let rest = "";
  let afterCr: boolean | undefined;
  let frame: Record<string, string> = {};

  return (bytes) => {
    let text = decoder.decode(bytes, { stream: true });
    if (!text) return;
    // A CR ends its line at once. A LF behind it belongs to it.
    if (afterCr) text = text.replace(/^\n/, "");
    afterCr = /\r$/.test(text);
    const lines = (rest + text).split(/\r\n?|\n/);
    rest = lines.pop()!;
    for (const line of lines) {
      if (line) {
        // The dot has to match U+2028, which JSON leaves as it is.
        const [, field, value] = /^([^:]*):? ?(.*)/s.exec(line)!; // every line matches
        frame[field!] = field === "data" && field in frame ? `${frame[field]}\n${value}` : value!;
      } else {
        handOver(frame);
        frame = {};
      }
    }
  };
}
