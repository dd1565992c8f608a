import assert from "node:assert/strict";

/** The end of a keyed send: its ids, or "taken" if its key belongs to a send of other entries. */
export type Outcome = readonly number[] | "taken";

/** A keyed send, and its end. */
export interface Ended {
  /** The key. */
  readonly name: number;
  /** Sends of one key and one variant have the same entries. */
  readonly variant: number;
  readonly outcome: Outcome;
}

interface Known {
  readonly variant: number;
  readonly ids: readonly number[];
  readonly at: number;
  /** The number of keyed commits before this one. */
  readonly order: number;
}

/** The bounds of remembered keys. */
export interface ModelBounds {
  readonly window: number;
  readonly count: number;
}

/** A naive memory of keys, by which the ends of keyed sends are judged. */
export class KeyModel {
  readonly #bounds: ModelBounds;
  readonly #known = new Map<number, Known>();
  #commits = 0;

  constructor(bounds: ModelBounds) {
    this.#bounds = bounds;
  }

  /** Checks sends that were made at once, at this time, after `newest`. Returns those whose rows are new. */
  check(ended: readonly Ended[], now: number, newest: number): readonly Ended[] {
    const names = [...new Set(ended.map(({ name }) => name))];
    return names.flatMap((name) => {
      const own = ended.filter((one) => one.name === name);
      return this.#checkName(own, now, newest);
    });
  }

  #checkName(own: readonly Ended[], now: number, newest: number): readonly Ended[] {
    const { name } = own[0]!;
    const known = this.#known.get(name);
    const memory = known === undefined ? "forgotten" : this.#memoryOf(known, now);
    const won = own.filter(({ outcome }) => outcome !== "taken");
    const [first] = won;
    const isKnown = first === undefined || String(first.outcome) === String(known?.ids);
    if (memory === "kept") assert.ok(isKnown, `the key ${name} is remembered`);
    if (memory === "forgotten") assert.ok(!isKnown, `the key ${name} is forgotten`);
    const variant = isKnown ? known?.variant : first?.variant;
    for (const each of own) {
      const wanted = each.variant === variant ? first?.outcome : "taken";
      assert.deepEqual(each.outcome, wanted, `the end of a send with the key ${name}`);
    }
    if (isKnown || first === undefined || first.outcome === "taken") return [];
    const ids = first.outcome;
    assert.ok(ids[0]! > newest, `new rows come after ${newest}`);
    assert.deepEqual(
      ids,
      ids.map((_, at) => ids[0]! + at),
    );
    this.#known.set(name, { variant: first.variant, ids, at: now, order: this.#commits });
    this.#commits += 1;
    return [first];
  }

  /** A store may forget a key once too many came after it. */
  #memoryOf({ at, order }: Known, now: number): "kept" | "forgotten" | "perhaps" {
    const { window, count } = this.#bounds;
    if (now - at >= window) return "forgotten";
    return this.#commits - order <= count ? "kept" : "perhaps";
  }
}
