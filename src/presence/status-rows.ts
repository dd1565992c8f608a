import { BusError, given } from "../errors.ts";
import type { PendingRow } from "../store.ts";
import { disown } from "../util/thenable.ts";
import { isOwn } from "./channels.ts";
import type { MemberId, Status } from "./member.ts";
import type { RowsOf } from "./statuses.ts";

/** The most entries of one status. */
const MOST_ENTRIES = 100;

/** The most text of one status, in UTF-16 units. */
const MOST_TEXT = 64 * 1024;

/** The application's function, and the bus that takes its entries. */
export interface StatusRowsOptions {
  readonly statusTo: (id: MemberId, status: Status) => unknown;
  /** Returns the rows of entries, after the contract of the bus. Throws if they are none. */
  readonly serialise: (entries: unknown) => readonly PendingRow[];
  readonly failed: (error: Error) => void;
}

/** Returns a function that writes the application's entries as rows. Wrong entries are reported and left out, so that they hold up no member. */
export function statusRows({ statusTo, serialise, failed }: StatusRowsOptions): RowsOf {
  return (id, status) => {
    try {
      const entries = statusTo(id, status);
      disown(entries); // the serialiser refuses a promise
      return checked(serialise(entries));
    } catch (cause) {
      failed(new Error(`presence sends no entries for member ${given(id)}: statusTo failed`, { cause }));
      return [];
    }
  };
}

function checked(rows: readonly PendingRow[]): readonly PendingRow[] {
  let size = 0;
  for (const { key, json } of rows) {
    if (isOwn(key)) throw new BusError("bad_channel", `statusTo may not send on a channel of presence, got ${key}`);
    size += key.length + json.length;
  }
  if (rows.length <= MOST_ENTRIES && size <= MOST_TEXT) return rows;
  throw new BusError(
    "bad_message",
    `statusTo may return ${MOST_ENTRIES} entries and ${MOST_TEXT} characters, got ${rows.length} and ${size}`,
  );
}
