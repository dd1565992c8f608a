import { failure } from "./failure.ts";
import type { QueueOptions } from "./types.ts";
import { isEntry, type SentEntry } from "./waiting.ts";

const NAMES = ["onGivenUp", "onSent", "onError", "storage", "name", "count", "bytes", "window"];

/** The shortest window in ms, of which a queue uses half. */
const SHORTEST = 60_000;

/** Checks the options, and adds the defaults. Throws `bad_argument`. */
export function checkOptions<C extends object>(options: QueueOptions<C>) {
  for (const name in options) must(NAMES.includes(name), `an option must be one of ${NAMES.join(", ")}`, name);
  const { onGivenUp, onSent = ignore, onError = ignore, storage, name = "" } = options;
  const { count = 1_000, bytes = 1_000_000, window = 600_000 } = options;
  for (const [key, callback] of Object.entries({ onGivenUp, onSent, onError }))
    must(typeof callback === "function", `${key} must be a function`, callback);
  must(typeof name === "string" && /^\P{Cs}*$/u.test(name), "name must be a text", name);
  must(storage === undefined || name !== "", "a queue with a storage must have a name, such as the user's id", name);
  must(count > 0, "count must be a number of sends", count);
  must(bytes > 0, "bytes must be a number of characters", bytes);
  must(window >= SHORTEST, `window must be ms from ${SHORTEST} up`, window);
  return { onGivenUp, onSent, onError, storage, name, count, bytes, window };
}

/** Returns the entries. Throws `bad_argument` unless each is the name of a channel with a message that is JSON. */
export function checkEntries(entries: unknown): readonly SentEntry[] {
  must(Array.isArray(entries), "entries must be a list of [channel, message] pairs", entries);
  const list = entries as readonly unknown[];
  for (const entry of list) must(isEntry(entry), "an entry must be the name of a channel and a message of JSON", entry);
  return list as readonly SentEntry[];
}

function must(holds: boolean, wanted: string, given: unknown): void {
  if (!holds) throw failure("bad_argument", `${wanted}: ${text(given)}`);
}

function text(given: unknown): string {
  try {
    return typeof given === "string" ? given : (JSON.stringify(given) ?? String(given)).slice(0, 100);
  } catch {
    return typeof given;
  }
}

function ignore(): void {}
