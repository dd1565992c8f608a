import type { Gap, Watermark } from "../../../store.ts";
import { pack, unpack } from "../../shared/packed.ts";
import type { KeptKey } from "../keys.ts";
import type { Range } from "./ranges.ts";

/** Facts about rows that are gone: all of them, or the new ones. */
export interface Change {
  readonly watermarks: readonly Watermark[];
  /** Channels whose watermarks are dropped. */
  readonly forgotten: readonly string[];
  readonly floor: number;
  /** Keys of sends whose messages go. */
  readonly keys: readonly KeptKey[];
  /** Gaps whose messages are gone. */
  readonly gaps: readonly Gap[];
  /** Ids of messages without any retained row. */
  readonly gone: readonly Range[];
  /** The numbers of the messages that the author deletes next. */
  readonly deleted: readonly number[];
  /** The beginning of the log after older gaps were folded into it. 0 if none were. */
  readonly begin: number;
}

/** A change of nothing. */
export const NOTHING: Change = {
  watermarks: [],
  forgotten: [],
  floor: 0,
  keys: [],
  gaps: [],
  gone: [],
  deleted: [],
  begin: 0,
};

/** The most bytes of an entry beside its text. */
const ENTRY = 48;

/** A key with its send, as the head of a change lists it. */
type PackedKey = [name: string, hash: string, first: number, size: number, until: number];

/** Packs a change into the body of a message. */
export function packChange({ watermarks, forgotten, floor, keys, gaps, gone, deleted, begin }: Change): Uint8Array {
  const head = JSON.stringify([
    forgotten.length,
    floor,
    gaps.map(({ after, before }) => [after, before]),
    gone,
    deleted,
    begin,
    ...(keys.length === 0
      ? []
      : [keys.map(({ name, hash, first, size, until }): PackedKey => [name, hash, first, size, until])]),
  ]);
  const rows = [
    ...forgotten.map((key) => ({ key, json: "" })),
    ...watermarks.map(([key, id]) => ({ key, json: String(id) })),
  ];
  return Buffer.from(`${head}\n${rows.length === 0 ? "" : pack(rows)}`);
}

/** Reads the body of a message. Undefined if it holds no change. */
export function readChange(data: Uint8Array): Change | undefined {
  const text = Buffer.from(data.buffer, data.byteOffset, data.byteLength).toString();
  const end = text.indexOf("\n");
  try {
    type Head = [
      count: number,
      floor: number,
      gaps: [number, number][],
      gone: Range[],
      deleted: number[],
      begin?: number,
      keys?: PackedKey[],
    ];
    const [count, floor, gaps, gone, deleted, begin = 0, keys = []] = JSON.parse(
      text.slice(0, Math.max(0, end)),
    ) as Head; // as packChange() wrote it
    const rows = end + 1 === text.length ? [] : unpack(text.slice(end + 1));
    return {
      forgotten: rows.slice(0, count).map(({ key }) => key),
      watermarks: rows.slice(count).map(({ key, json }): Watermark => [key, Number(json)]),
      floor,
      keys: keys.map(([name, hash, first, size, until]) => ({ name, hash, first, size, until })),
      gaps: gaps.map(([after, before]) => ({ after, before })),
      gone,
      deleted,
      begin,
    };
  } catch (error) {
    if (error instanceof SyntaxError || error instanceof TypeError) return undefined;
    throw error;
  }
}

/** Cuts a change into pieces of at most `most` bytes each. The facts about messages come last, after the keys of these messages. */
export function cut(change: Change, most: number): readonly Change[] {
  const pieces: Piece[] = [];
  let room = 0;
  const piece = (bytes: number): Piece => {
    if (room < bytes || pieces.length === 0) {
      const { floor, begin } = change;
      pieces.push({ watermarks: [], forgotten: [], floor, keys: [], gaps: [], gone: [], deleted: [], begin });
      room = most - 2 * ENTRY; // the head of each piece
    }
    room -= bytes;
    return pieces.at(-1)!; // there is one by now
  };
  for (const watermark of change.watermarks) piece(Buffer.byteLength(watermark[0]) + ENTRY).watermarks.push(watermark);
  for (const key of change.forgotten) piece(Buffer.byteLength(key) + ENTRY).forgotten.push(key);
  for (const key of change.keys) piece(Buffer.byteLength(key.name + key.hash) + 2 * ENTRY).keys.push(key);
  for (const gap of change.gaps) piece(ENTRY).gaps.push(gap);
  for (const range of change.gone) piece(ENTRY).gone.push(range);
  for (const seq of change.deleted) piece(ENTRY).deleted.push(seq);
  return pieces.length === 0 ? [{ ...change }] : pieces;
}

interface Piece extends Change {
  readonly watermarks: Watermark[];
  readonly forgotten: string[];
  readonly keys: KeptKey[];
  readonly gaps: Gap[];
  readonly gone: Range[];
  readonly deleted: number[];
}
