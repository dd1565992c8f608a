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
  const fresh: KeyedSend[] = [];
  const places = new Map<string, number>();
  const outcomes = sends.map((send): ((of: readonly KeyedOutcome[]) => KeyedOutcome) => {
    const { key } = send;
    const known = key === undefined ? undefined : find(key.name);
    if (known !== undefined) return () => (known.hash === key?.hash ? idsOf(known) : "taken");
    const place = key === undefined ? undefined : places.get(key.name);
    if (place !== undefined) return (of) => (fresh[place]?.key?.hash === key?.hash ? of[place]! : "taken");
    const at = fresh.push(send) - 1;
    if (key !== undefined) places.set(key.name, at);
    return (of) => of[at]!;
  });
  return {
    fresh: fresh.map(({ rows }) => rows),
    keyed: fresh,
    remembered: (ids) =>
      fresh.flatMap(({ key, rows }, at) =>
        key === undefined ? [] : [{ ...key, first: ids[at]![0]!, size: rows.length }],
      ),
    outcomes: (of) => outcomes.map((outcome) => outcome(of)),
  };
}

function idsOf({ first, size }: KnownSend): readonly number[] {
  return Array.from({ length: size }, (_, at) => first + at);
}
