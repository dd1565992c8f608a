import type { Chain } from "../../../src/log/ring.ts";
import { NONE } from "../../../src/log/ring.ts";
import type { Row } from "../../../src/store.ts";

/** A channel of a ring under test. */
export type TestChain = Chain & { readonly number: number };

/** A channel without rows. */
export function chainOf(number: number): TestChain {
  const channel = `channel ${number}`;
  return { key: JSON.stringify(channel), channel, number, oldest: NONE, newest: NONE, size: 0 };
}

/** A row whose message is its id, in a send of its own unless another is given. */
export function rowOf(id: number, { key }: { readonly key: string }, send = id): Row {
  return { id, key, json: String(id), at: id, send };
}
