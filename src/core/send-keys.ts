import * as crypto from "node:crypto";
import { BusError, given } from "../errors.ts";
import type { PendingRow, SendKey, Store } from "../store.ts";

/** The longest key, in UTF-16 units. */
const LONGEST = 255;

/** A scope and a key that any engine can keep as they are. UUIDs and numbers are such keys. */
const PLAIN = /^[a-z]{1,10}:[\w.:-]{1,64}$/;

/** Returns the name of a key that a caller gave. Keys of different scopes never meet. Throws `bad_key`. */
export function nameOf(scope: string, key: unknown): string {
  if (typeof key === "string" && key !== "" && key.length <= LONGEST) {
    const plain = `${scope}:${key}`;
    return PLAIN.test(plain) ? plain : hashOf([scope, key]); // no hash has a colon
  }
  throw new BusError("bad_key", `a key must be a text of 1 to ${LONGEST} characters, got ${given(key)}`);
}

/** Throws `bad_key` if the store remembers no keys. */
export function checkKeyed(store: Store): void {
  if (store.appendKeyed !== undefined) return;
  throw new BusError("bad_key", "the store of this bus remembers no keys: send without a key");
}

/** Returns a key by its name, with the hash of entries as the caller gave them. A schema may add to them what differs each time. */
export function keyFor(name: string, rows: readonly PendingRow[]): SendKey {
  let text = "";
  for (const { key, json } of rows) text += measured(key) + measured(json);
  return { name, hash: sha256(text) };
}

/** Returns a part of a hashed text. Its length keeps it from running into the next one. */
function measured(part: string): string {
  return `${part.length}:${part}`;
}

/** Returns 43 letters that any engine can keep. */
function hashOf(parts: readonly string[]): string {
  let text = "";
  for (const part of parts) text += measured(part);
  return sha256(text);
}

// The first takes half the time, and Node has it since 20.12.
const sha256: (text: string) => string =
  typeof crypto.hash === "function"
    ? (text) => crypto.hash("sha256", text, "base64url")
    : (text) => crypto.createHash("sha256").update(text).digest("base64url");
