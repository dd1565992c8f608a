import fc from "fast-check";
import { expect, it } from "vitest";
import { framesOf } from "../../src/http/sse/frames.ts";
import { listOf, PIECE, Pieces } from "../../src/http/writing/pieces.ts";
import { Answer } from "../../src/log/answer.ts";
import { SharedRow } from "../../src/log/row.ts";

const MEGABYTE = 2 ** 20;
const source = { key: '"a"', channel: "a" };

const answerOf = (...messages: readonly string[]): Answer =>
  new Answer(
    messages.map((message, index) => new SharedRow(1_795_464_269_878_001 + index, source, message)),
    1,
    false,
  );

function readAll(pieces: Pieces): Buffer {
  const read = pieces.read();
  const all: Uint8Array[] = [];
  for (let piece = read(); piece !== undefined; piece = read()) {
    expect(piece.length).toBeLessThanOrEqual(3 * PIECE);
    all.push(piece);
  }
  return Buffer.concat(all);
}

it("reads in pieces as the whole, whatever is in the messages and wherever they are cut", () => {
  const letter = fc.constantFrom("x", "ü", "語", "😀", "\u2028");
  const message = fc.tuple(letter, fc.nat({ max: 3 * PIECE }), letter).map(([a, length, b]) => a.repeat(length) + b);
  fc.assert(
    fc.property(fc.array(message, { minLength: 1, maxLength: 4 }), (messages) => {
      const answer = answerOf(...messages.map((text) => JSON.stringify(text)));
      const pieces = listOf(answer);
      for (const _ of [1, 2]) expect(readAll(pieces).toString() === answer.text).toBe(true);
      expect(answer.size).toBeGreaterThanOrEqual(answer.text.length - 1);
    }),
    { numRuns: 20 },
  );
});

it("begins an answer and frames that are longer than any string may be, and holds one piece of them", () => {
  const message = JSON.stringify("x".repeat(MEGABYTE - 2));
  const answer = answerOf(...Array<string>(600).fill(message));
  const frames = framesOf(answer);
  expect(frames).toBeInstanceOf(Pieces);
  for (const pieces of [listOf(answer), frames as Pieces]) {
    expect(pieces.size).toBeGreaterThan(600 * MEGABYTE);
    expect(pieces.isShared).toBe(false);
    expect(pieces.read()()!.length).toBeLessThanOrEqual(PIECE);
  }
});

it("shares the bytes of a text that is not very long", () => {
  const pieces = listOf(answerOf(JSON.stringify("x".repeat(MEGABYTE))));
  const [one, other] = [pieces.read(), pieces.read()];
  expect(one()).toBe(other());
  const second = other();
  expect(one()).toBe(second);
});
