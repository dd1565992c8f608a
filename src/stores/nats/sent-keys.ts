import type { KeyBounds, SendKey } from "../../store.ts";
import type { Ids } from "../shared/given-ids.ts";
import type { KnownSend } from "../shared/key-plan.ts";

/** The keys of the sends of one commit. */
export interface SentKeys {
  /** The key of each send; undefined for a send without one. */
  readonly of: readonly (SendKey | undefined)[];
  /** The bounds of the process that commits. */
  readonly bounds: KeyBounds;
}

/** The keys of a commit, each with its send. */
export interface CommittedKeys {
  readonly sends: readonly (SendKey & KnownSend)[];
  readonly bounds: KeyBounds;
}

/** The number of parts in the text of one key. */
const PARTS = 2;

/** Writes keys as a text without commas and line breaks: the bounds, and a part for each send. */
export function writeKeys({ of, bounds }: SentKeys): string {
  const { window, count } = bounds;
  const parts = of.map((key) =>
    key === undefined ? "" : `${encodeURIComponent(key.name)} ${encodeURIComponent(key.hash)}`,
  );
  return [`${window} ${count}`, ...parts].join(";");
}

/** Reads the text of keys. Undefined for any other text, such as a number. */
export function readKeys(text: string): SentKeys | undefined {
  const [head = "", ...parts] = text.split(";");
  if (parts.length === 0) return undefined;
  const [window, count] = head.split(" ").map(Number);
  if (window === undefined || count === undefined) throw new SyntaxError("the keys have no bounds");
  return { of: parts.map(readKey), bounds: { window, count } };
}

/** Returns the keys of a commit, once its sends have these ids. Undefined for a commit without keys. */
export function committedKeys(sent: SentKeys | undefined, ids: Ids): CommittedKeys | undefined {
  if (sent === undefined) return undefined;
  const sends = sent.of.flatMap((key, at) => {
    const [first] = ids[at] ?? [];
    return key === undefined || first === undefined ? [] : [{ ...key, first, size: ids[at]!.length }];
  });
  return { sends, bounds: sent.bounds };
}

function readKey(part: string): SendKey | undefined {
  if (part === "") return undefined;
  const texts = part.split(" ");
  if (texts.length !== PARTS) throw new SyntaxError("the text is no key");
  const [name, hash] = texts.map(decodeURIComponent) as [string, string];
  return { name, hash };
}
