/** The kinds of SQLite's errors that the store treats in ways of their own. */
export type ResultCode = "busy" | "io" | "constraint";

/**
 * Returns the kind of an error of any driver; undefined for other kinds. The errors of better-sqlite3 and `bun:sqlite`
 * name the code. An error of `node:sqlite` has its number, and on Deno SQLite's sentence alone.
 *
 * The codes are those of https://www.sqlite.org/rescode.html.
 */
export function resultCodeOf(error: unknown): ResultCode | undefined {
  const { code, errcode, message } = Object(error) as { code?: unknown; errcode?: unknown; message?: unknown };
  if (typeof errcode === "number") return KINDS.get(errcode & 0xff); // the upper bits say more
  if (typeof code === "string" && code.startsWith("SQLITE_")) return KINDS.get(code.split("_")[1]!);
  return typeof message === "string" ? SENTENCES.find(([sentence]) => message.includes(sentence))?.[1] : undefined;
}

const KINDS: ReadonlyMap<number | string, ResultCode> = new Map<number | string, ResultCode>([
  [5, "busy"],
  ["BUSY", "busy"],
  [6, "busy"],
  ["LOCKED", "busy"],
  [10, "io"],
  ["IOERR", "io"],
  [19, "constraint"],
  ["CONSTRAINT", "constraint"],
]);

const SENTENCES: readonly (readonly [string, ResultCode])[] = [
  ["database connection is busy", "busy"], // better-sqlite3, while the application iterates over rows
  ["is locked", "busy"],
  ["disk I/O error", "io"],
  ["constraint failed", "constraint"],
];
