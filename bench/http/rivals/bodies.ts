const HEAD_END = "\r\n\r\n";
const LINE_END = "\r\n";

/** Takes the head and the chunks of HTTP away from the bytes that come, in whatever parts. */
export class Bodies {
  readonly #give: (bytes: Buffer) => void;
  /** The bytes that a head or the line before a chunk has so far; undefined inside of a body. */
  #line: Buffer | undefined = Buffer.alloc(0);
  #end = HEAD_END;
  /** The bytes of the chunk that are still to come, with its line end. */
  #left = Number.POSITIVE_INFINITY;

  /** `give` gets the bytes of the body. */
  constructor(give: (bytes: Buffer) => void) {
    this.#give = give;
  }

  /** Reads bytes of a connection. */
  take(bytes: Buffer): void {
    let rest = bytes;
    while (rest.length > 0) rest = this.#line === undefined ? this.#body(rest) : this.#heading(this.#line, rest);
  }

  #heading(line: Buffer, bytes: Buffer): Buffer {
    const all = line.length === 0 ? bytes : Buffer.concat([line, bytes]);
    const end = all.indexOf(this.#end);
    if (end === -1) {
      this.#line = all;
      return Buffer.alloc(0);
    }
    const text = all.toString("latin1", 0, end);
    const rest = all.subarray(end + this.#end.length);
    if (this.#end === LINE_END) this.#left = Number.parseInt(text, 16) + LINE_END.length;
    else if (/^transfer-encoding: *chunked *$/im.test(text)) {
      this.#end = LINE_END;
      this.#line = Buffer.alloc(0);
      return rest;
    }
    this.#line = undefined;
    return rest;
  }

  #body(bytes: Buffer): Buffer {
    const ours = bytes.subarray(0, this.#left);
    const data = this.#left - LINE_END.length; // the line end is no part of the body
    if (data > 0) this.#give(ours.subarray(0, data));
    this.#left -= ours.length;
    if (this.#left === 0) this.#line = Buffer.alloc(0);
    return bytes.subarray(ours.length);
  }
}
