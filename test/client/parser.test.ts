import assert from "node:assert/strict";
import { createParser } from "eventsource-parser";
import fc from "fast-check";
import { describe, it } from "vitest";
import { type Frame, parser } from "../../src/client/transport/parser.ts";

function framesOf(chunks: readonly Uint8Array[]): readonly Frame[] {
  const frames: Frame[] = [];
  const feed = parser((frame) => frames.push(frame));
  for (const chunk of chunks) feed(chunk);
  return frames;
}

function bytesOf(text: string): Uint8Array {
  return new TextEncoder().encode(text);
}

function cut(bytes: Uint8Array, places: readonly number[]): readonly Uint8Array[] {
  const sorted = [...places.map((place) => place % (bytes.length + 1)), bytes.length].sort((one, other) => one - other);
  return sorted.map((end, index) => bytes.slice(sorted[index - 1] ?? 0, end));
}

const ending = fc.constantFrom("\n", "\r", "\r\n");
const text = fc.string({ unit: fc.constantFrom("a", ":", " ", "é", "\u2028", "😀", "{", "1"), maxLength: 8 });
const line = fc.oneof(
  text,
  fc.constant(""),
  text.map((value) => `data:${value}`),
  text.map((value) => `data: ${value}`),
  text.map((value) => `:${value}`),
  fc.constantFrom("id: 7", "id", "data", "event: missed", "event:x", "retry: 10"),
);
const stream = fc.array(fc.tuple(line, ending)).map((lines) => lines.flat().join(""));

describe("the parser of an event stream", () => {
  it("gives the same frames however the bytes are cut", () => {
    fc.assert(
      fc.property(stream, fc.array(fc.nat()), (source, places) => {
        const bytes = bytesOf(source);
        assert.deepEqual(framesOf(cut(bytes, places)), framesOf([bytes]));
      }),
    );
  });

  it("reads data, event and id as another parser does", () => {
    fc.assert(
      fc.property(stream, (source) => {
        const theirs: unknown[] = [];
        const other = createParser({ onEvent: ({ data, event }) => theirs.push({ data, event: event || undefined }) });
        other.feed(`${source}\n\n`);
        const ours = framesOf([bytesOf(`${source}\n\n`)])
          .filter(({ data }) => data !== undefined)
          .map(({ data, event }) => ({ data, event: event || undefined }));
        assert.deepEqual(ours, theirs);
      }),
    );
  });

  it("drops a byte order mark, also in pieces", () => {
    const bytes = new Uint8Array([0xef, 0xbb, 0xbf, ...bytesOf("id: 1\n\n")]);
    assert.deepEqual(framesOf([bytes.slice(0, 1), bytes.slice(1, 2), bytes.slice(2)]), [{ id: "1" }]);
  });

  it("ends a block at a carriage return, without waiting for what follows", () => {
    assert.deepEqual(framesOf([bytesOf("id: 1\r\r")]), [{ id: "1" }]);
    assert.deepEqual(framesOf([bytesOf("id: 1\r"), bytesOf("\n\r"), bytesOf("\nid: 2\r\n\r\n")]), [
      { id: "1" },
      { id: "2" },
    ]);
  });

  it("joins the lines of data, and hands over a block without any", () => {
    assert.deepEqual(framesOf([bytesOf("data: a\ndata\ndata:b\n\nretry: 5\nid: 3\n\n")]), [
      { data: "a\n\nb" },
      { retry: "5", id: "3" },
    ]);
  });
});
