import type { Answer } from "../../log/answer.ts";
import type { SharedRow } from "../../log/row.ts";

/** The most text of a piece, in UTF-16 units. Encoding one takes a fraction of a millisecond. */
export const PIECE = 64 * 1024;

/** A text beyond this length is encoded anew for each reader, because keeping its bytes would double its memory. */
const KEPT = 16 * 2 ** 20;

/** Makes pieces of a text in parts. */
type Cut = (texts: Iterable<string>) => Iterator<Buffer<ArrayBuffer>>;

/** Returns the next piece at each call, and undefined after the last. */
export type Reading = () => Uint8Array | undefined;

/** A text that is too long for one write, as bytes in pieces. Readers share the bytes, unless the text is very long. */
export class Pieces {
  /** The text's length, in UTF-16 units. */
  readonly size: number;
  readonly #texts: () => Iterable<string>;
  readonly #cut: Cut;
  readonly #kept: Buffer<ArrayBuffer>[] = [];
  #making: Iterator<Buffer<ArrayBuffer>> | undefined;

  /** `texts` begins the text anew, in parts. `cut` makes pieces of the parts. Default: pieces of one length, wherever a part ends. */
  constructor(size: number, texts: () => Iterable<string>, cut: Cut = piecesOf) {
    this.size = size;
    this.#texts = texts;
    this.#cut = cut;
  }

  /** True if readers share the bytes. */
  get isShared(): boolean {
    return this.size <= KEPT;
  }

  /** Begins to read. */
  read(): Reading {
    if (!this.isShared) {
      const own = this.#cut(this.#texts());
      return () => own.next().value ?? undefined;
    }
    let index = 0;
    return () => this.#at(index++);
  }

  #at(index: number): Uint8Array<ArrayBuffer> | undefined {
    this.#making ??= this.#cut(this.#texts());
    if (index === this.#kept.length) {
      const { value } = this.#making.next();
      if (value) this.#kept.push(value);
    }
    return this.#kept[index];
  }
}

/** Returns the JSON list of an answer's notifications. Polls with the same answer share it. */
export function listOf(answer: Answer): Pieces {
  return answer.once(makeList);
}

function makeList({ rows, size }: Answer): Pieces {
  return new Pieces(size, () => listTexts(rows));
}

function* listTexts(rows: readonly SharedRow[]): Generator<string> {
  let before = "[";
  for (const { parts } of rows) {
    yield before;
    yield* parts;
    before = ",";
  }
  yield "]";
}

function* piecesOf(texts: Iterable<string>): Generator<Buffer<ArrayBuffer>, undefined> {
  let gathered = "";
  for (const text of texts) {
    let from = 0;
    while (gathered.length + text.length - from > PIECE) {
      const to = between(text, from + PIECE - gathered.length);
      yield Buffer.from(gathered + text.slice(from, to));
      gathered = "";
      from = to;
    }
    gathered += from === 0 ? text : text.slice(from);
  }
  if (gathered !== "") yield Buffer.from(gathered);
}

/** Returns the place itself, or the one before if it would part the halves of a character. */
function between(text: string, place: number): number {
  const before = text.charCodeAt(place - 1); // NaN at the beginning
  return before >= 0xd800 && before < 0xdc00 ? place - 1 : place;
}
