import type { PendingRow } from "../../store.ts";

/**
 * Packs the rows of a send into one text, for engines that keep a send in one piece. The text holds each message unchanged:
 * JSON around it would add a backslash to every quote.
 */
export function pack(send: readonly PendingRow[]): string {
  const lengths: number[] = [];
  let text = "";
  for (const { key, json } of send) {
    lengths.push(key.length, json.length);
    text += key + json;
  }
  return `${lengths.join(",")}\n${text}`;
}

/** Unpacks the rows of a send. Throws a `SyntaxError` if the lengths do not add up to the text. */
export function unpack(packed: string): readonly PendingRow[] {
  let place = packed.indexOf("\n") + 1;
  const lengths = packed
    .slice(0, Math.max(0, place - 1))
    .split(",")
    .map(Number);
  const take = (length: number): string => {
    place += length;
    return packed.slice(place - length, place);
  };
  const rows: PendingRow[] = [];
  for (let index = 0; index + 1 < lengths.length; index += 2) {
    rows.push({ key: take(lengths[index]!), json: take(lengths[index + 1]!) });
  }
  if (place !== packed.length || rows.length === 0) throw new SyntaxError("the text is no packed send");
  return rows;
}
