import type { PendingRow, Row } from "../../store.ts";

/** The rows of each send. */
export type Sends = readonly (readonly PendingRow[])[];

/** The ids of each send, in the order of its rows. */
export type Ids = readonly (readonly number[])[];

/** Sends with their ids. */
export interface Given {
  readonly ids: Ids;
  readonly rows: readonly Row[];
  /** The newest of these ids, or `first - 1` if there are none. */
  readonly last: number;
}

/** Gives each row the next id, from `first` on. `at` is the time of the commit, in ms. */
export function giveIds(sends: Sends, { first, at }: { readonly first: number; readonly at: number }): Given {
  const ids: number[][] = [];
  const rows: Row[] = [];
  let next = first;
  for (const pending of sends) {
    const send = next;
    const given: number[] = [];
    for (const { key, json } of pending) {
      given.push(next);
      rows.push({ id: next, key, json, at, send });
      next += 1;
    }
    ids.push(given);
  }
  return { ids, rows, last: next - 1 };
}
