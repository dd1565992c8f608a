import type { KeyedOutcome, KeyedSend, SendKey } from "../../store.ts";
import type { Ids, Sends } from "./given-ids.ts";

/** A send that a store remembers by its key. Its ids are consecutive. */
export interface KnownSend {
  readonly hash: string;
  /** The id of the first row. */
  readonly first: number;
  /** The number of rows. */
  readonly size: number;
}

/** The sends of one commit, parted by what their keys say. */
export interface KeyPlan {
  /** The sends that have to be committed. */
  readonly fresh: Sends;
  /** The same with their keys. No key comes twice. */
  readonly keyed: readonly KeyedSend[];
  /** Returns the keys to remember, once the fresh sends have these ids. */
  remembered(ids: Ids): readonly (SendKey & KnownSend)[];
  /** Returns the outcome of each send, once the fresh sends have these outcomes: their ids, mostly. */
  outcomes(outcomes: readonly KeyedOutcome[]): readonly KeyedOutcome[];
}

/** Parts sends by their keys. `find` returns the remembered send of a key. A key may come twice in one commit, too. */
export function planOf(sends: readonly KeyedSend[], find: (name: string) => KnownSend | undefined): KeyPlan {
  const keyed: KeyedSend[] = [];
  /** For each send, the remembered send of its key, or its place among the fresh ones. */
  const found: (KnownSend | number)[] = [];
  const places = new Map<string, number>();
  for (const send of sends) {
    const name = send.key?.name;
    let known = name === undefined ? undefined : (find(name) ?? places.get(name));
    if (known === undefined) {
      known = keyed.push(send) - 1;
      if (name !== undefined && sends.length > 1) places.set(name, known);
    }
    found.push(known);
  }
  return {
    keyed,
    fresh: keyed.map(({ rows }) => rows),
    remembered(ids) {
      const all: (SendKey & KnownSend)[] = [];
      for (const [at, { key, rows }] of keyed.entries()) {
        if (key !== undefined) all.push({ name: key.name, hash: key.hash, first: ids[at]![0]!, size: rows.length });
      }
      return all;
    },
    outcomes: (of) =>
      sends.map(({ key }, at) => {
        const known = found[at]!;
        const hash = typeof known === "number" ? keyed[known]!.key?.hash : known.hash;
        if (hash !== key?.hash) return "taken";
        return typeof known === "number" ? of[known]! : idsOf(known);
      }),
  };
}

function idsOf({ first, size }: KnownSend): readonly number[] {
  return Array.from({ length: size }, (_, at) => first + at);
}
