import type { Row } from "../../store.ts";
import { giveIds } from "../shared/given-ids.ts";
import { unpack } from "../shared/packed.ts";

/** A send, as the stream keeps it. */
export interface Entry {
  /** The newest id before it. */
  readonly was: number;
  readonly first: number;
  /** Its newest id. */
  readonly last: number;
  /** Those of its rows that are not gone. They are unpacked when they are asked for: those that were sent here need not be. */
  readonly rows: () => readonly Row[];
}

/** An entry as Redis answers it, and with an x for each of its rows that is gone. */
export type RawEntry = readonly [entry: string, fields: readonly string[], gone?: string | null];

/** The sends in these entries, without what is none of nightbus's. */
export function entriesOf(raw: readonly RawEntry[]): readonly Entry[] {
  return raw.flatMap(entryOf);
}

function entryOf([entry, [, was, , count, , at, name, packed], gone]: RawEntry): readonly Entry[] {
  if (name !== "packed" || packed === undefined) return [];
  const first = Number(entry.slice(0, entry.indexOf("-")));
  const rows = (): readonly Row[] => {
    const { rows: all } = giveIds([unpack(packed)], { first, at: Number(at) });
    return typeof gone === "string" ? all.filter((_, index) => gone[index] !== "x") : all;
  };
  return [{ was: Number(was), first, last: first + Number(count) - 1, rows }];
}
