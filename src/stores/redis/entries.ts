import type { Row } from "../../store.ts";
import { unpack } from "../shared/packed.ts";

/** A send, as the stream keeps it. */
export interface Entry {
  /** The newest id before it. */
  readonly was: number;
  readonly first: number;
  /** Its newest id. */
  readonly last: number;
  /** Those of its rows that are not gone. */
  readonly rows: readonly Row[];
}

/** An entry as Redis answers it, and where in it rows are gone. */
export type RawEntry = readonly [entry: string, fields: readonly string[], gone?: string | null];

/** The sends in these entries, without what is none of nightbus's. */
export function entriesOf(raw: readonly RawEntry[]): readonly Entry[] {
  return raw.flatMap(entryOf);
}

function entryOf([entry, [, was, , count, , at, name, packed], gone]: RawEntry): readonly Entry[] {
  if (name !== "packed" || packed === undefined) return [];
  const send = Number(entry.slice(0, entry.indexOf("-")));
  const left = unpack(packed).map(
    ({ key, json }, index): Row => ({ id: send + index, key, json, at: Number(at), send }),
  );
  const places = gone?.split(" ");
  const rows = places === undefined ? left : left.filter((_, index) => !places.includes(`${index}`));
  return [{ was: Number(was), first: send, last: send + Number(count) - 1, rows }];
}
