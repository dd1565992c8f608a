import { expect, it, vi } from "vitest";
import { Answer } from "../../../src/log/answer.ts";

it("is made into the same thing once, whoever asks, and into another for who asks for that", () => {
  const answer = new Answer([], 7, true);
  const said = vi.fn(({ last }: Answer) => ({ last }));
  const first = answer.once(said);
  expect(first).toStrictEqual({ last: 7 });
  expect(answer.once(said)).toBe(first);
  expect(said).toHaveBeenCalledTimes(1);
  expect(answer.once(({ missed }) => missed)).toBe(true);
  expect(answer.once(said)).toStrictEqual(first);
});

it("is made again when making it has failed", () => {
  const answer = new Answer([], 7, false);
  const once = vi.fn((): number => {
    throw new Error("no JSON");
  });
  expect(() => answer.once(once)).toThrow("no JSON");
  once.mockReturnValue(1);
  expect(answer.once(once)).toBe(1);
});
