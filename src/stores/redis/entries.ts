import type { Row } from "../../store.ts";
import { giveIds } from "../shared/given-ids.ts";
import { unpack } from "../shared/packed.ts";

/** A send in the stream. */
export interface Entry {
  /** The newest id before it. */
  readonly was: number;
  readonly first: number;
  /** Its newest id. */
  readonly last: number;
  /** Unpacks its rows, without rows that are gone. This process's own sends need no unpacking. */
  readonly rows: () => readonly Row[];
}

/** An entry as Redis answers it, with an x for each of its rows that is gone. */
export type RawEntry = readonly [entry: string, fields: readonly string[], gone?: string | null];

/** The sends in these entries. Entries of other programs are left out. */
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
