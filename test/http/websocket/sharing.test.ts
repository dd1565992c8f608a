import { expect, it, vi } from "vitest";
import { messagesOf } from "../../../src/http/websocket/messages.ts";
import { Pieces } from "../../../src/http/writing/pieces.ts";
import { Answer } from "../../../src/log/answer.ts";
import { SharedRow } from "../../../src/log/row.ts";
import { makeBed } from "./bed.ts";

it("sockets with the same answer share its bytes, built once, also beside event streams", async () => {
  const answer = new Answer([row(1, "a", 5)], 1, false);
  const bytes = messagesOf(answer);
  answer.once(() => "an event stream's");
  expect(messagesOf(answer)).toBe(bytes);
  expect(String(bytes)).toBe('[{"id":1,"message":{"type":"a","payload":5}}]');
});

it("sockets that come back together share the bytes of the same rows", () => {
  const rows = [row(1, "a", 5), row(2, "a", 6)];
  const [one, other] = [new Answer(rows, 2, false), new Answer([...rows], 7, true)];
  expect(messagesOf(one)).toBe(messagesOf(other));
  expect(messagesOf(new Answer(rows.slice(1), 2, false))).not.toBe(messagesOf(other));
});

it("sockets share the frames of a long answer, which are built when they are read", () => {
  const rows = [1, 2, 3].map((id) => row(id, "a", "x".repeat(200_000)));
  const pieces = messagesOf(new Answer(rows, 3, false));
  expect(pieces).toBeInstanceOf(Pieces);
  const [one, other] = [(pieces as Pieces).read(), (pieces as Pieces).read()];
  const frames = [one(), one(), one(), one()];
  expect(frames.map((frame) => frame && JSON.parse(String(frame))[0].id)).toEqual([1, 2, 3, undefined]);
  expect(other()).toBe(frames[0]);
});

it("a message is parsed once for all sockets, and only if it may have the form of Odoo's", async () => {
  const bed = await makeBed();
  const readers = [await bed.reader(["a"]), await bed.reader(["a", "b"]), await bed.reader(["b", "a"])];
  const parse = vi.spyOn(JSON, "parse");
  await bed.bus.sendmany([
    ["a", { type: "t", payload: "counted" }],
    ["b", 1],
  ]);
  const isOurs = ([text]: readonly unknown[]): boolean => text === '{"type":"t","payload":"counted"}';
  expect(parse.mock.calls.filter(isOurs)).toHaveLength(1);
  const before = parse.mock.calls.length;
  await bed.bus.sendone("a", { payload: "no type" });
  expect(parse.mock.calls.slice(before).filter(([text]) => text === '{"payload":"no type"}')).toEqual([]);
  parse.mockRestore();
  for (const reader of readers) await reader.has(2);
});

it("a hook of one socket that polls the bus disturbs no other", async () => {
  const polled: Promise<unknown>[] = [];
  const bed = await makeBed({
    alive: () => {
      polled.push(bed.bus.poll(["a"], 0, 0));
      return true;
    },
  });
  const readers = [await bed.reader(["a"]), await bed.reader(["a", "b"]), await bed.reader(["b"])];
  for (let n = 0; n < 3; n += 1) {
    await bed.bus.sendmany([
      ["a", n],
      ["b", n],
    ]);
  }
  await Promise.all([readers[0]!.has(3), readers[1]!.has(6), readers[2]!.has(3)]);
  for (const reader of readers) expect(new Set(reader.ids).size).toBe(reader.ids.length);
  await Promise.all(polled);
});

it("a text that is no JSON goes out as it is, as over HTTP", () => {
  const broken = new SharedRow(1, { key: '"a"', channel: "a" }, '{"type":"x","payload":');
  expect(String(messagesOf(new Answer([broken], 1, false)))).toContain('"payload":{"type":"x","payload":');
});

function row(id: number, channel: string, message: unknown): SharedRow {
  return new SharedRow(id, { key: JSON.stringify(channel), channel }, JSON.stringify(message));
}
