import type { Hole, PendingRow, Row, Watermark } from "../../store.ts";
import { pack, unpack } from "../shared/packed.ts";

/** Several sends that were committed together, as one message keeps them. */
export interface Commit {
  /** The newest id before it. */
  readonly was: number;
  readonly first: number;
  /** Its newest id. */
  readonly last: number;
  readonly at: number;
  readonly rows: readonly Row[];
}

/** What was trimmed, as a message tells it before anything is deleted. */
export interface Marks {
  readonly watermarks: readonly Watermark[];
  readonly forgotten: readonly string[];
  readonly floor: number;
  /** The holes that are told by messages which are to be deleted. */
  readonly holes: readonly Hole[];
  /** The ids of rows that are gone, out of messages which still hold others. */
  readonly gone: readonly number[];
  /** The messages that are to be deleted, by their sequences. */
  readonly deleting: readonly number[];
  /** How many messages of this stream were ever deleted by nightbus, these included. */
  readonly deleted: number;
  /** Where the log begins since somebody else has deleted messages; 0 while nobody has. */
  readonly begin: number;
}

/** What a message is sent with. */
export interface Written {
  readonly headers: Readonly<Record<string, string>>;
  readonly payload: string;
}

const WAS = "Nightbus-Was";
const FIRST = "Nightbus-First";
const AT = "Nightbus-At";
const SENDS = "Nightbus-Sends";

/** What the headers of a message take, at most: 1,000 sends are told by their lengths. */
export const HEADERS_BYTES = 16_384;

export function writeCommit(commit: Commit, sends: readonly (readonly PendingRow[])[]): Written {
  const packed = sends.map(pack);
  return {
    headers: {
      [WAS]: `${commit.was}`,
      [FIRST]: `${commit.first}`,
      [AT]: `${commit.at}`,
      [SENDS]: packed.map(({ length }) => length).join(),
    },
    payload: packed.join(""),
  };
}

/** The commit in a message; undefined where nightbus has not written it. */
export function readCommit(header: (name: string) => string, payload: string): Commit | undefined {
  const lengths = header(SENDS);
  if (lengths === "") return undefined;
  const [was, first, at] = [Number(header(WAS)), Number(header(FIRST)), Number(header(AT))];
  const rows: Row[] = [];
  let place = 0;
  for (const length of lengths.split(",").map(Number)) {
    const send = first + rows.length;
    for (const { key, json } of unpack(payload.slice(place, place + length))) {
      rows.push({ id: first + rows.length, key, json, at, send });
    }
    place += length;
  }
  return { was, first, last: first + rows.length - 1, at, rows };
}

export function writeMarks(marks: Marks): Written {
  return { headers: {}, payload: JSON.stringify(marks) };
}

/** The marks in a message; undefined where nightbus has not written it. */
export function readMarks(payload: string): Marks | undefined {
  try {
    const marks = JSON.parse(payload) as Partial<Marks> | null;
    return Array.isArray(marks?.watermarks) && Array.isArray(marks.deleting) ? (marks as Marks) : undefined;
  } catch {
    return undefined;
  }
}
