/**
 * A fact that the messages so far do not explain. A further read may explain it, or none ever will.
 *
 * - `missing`: no message holds the ids after `from`, up to `to`, and no mark names them.
 * - `torn`: a snapshot of the marks has a beginning and no end.
 * - `lost`: the newest message that was handed over is not in the stream.
 */
export type Puzzle =
  | { readonly kind: "missing"; readonly from: number; readonly to: number }
  | { readonly kind: "torn" }
  | { readonly kind: "lost" };

/** The outcome of `settle`: done, or another log than before, or puzzles that a further read may solve. */
export type Verdict =
  | { readonly kind: "settled" }
  | { readonly kind: "another log" }
  | { readonly kind: "open"; readonly puzzles: readonly Puzzle[] };

/** True if both lists hold the same puzzles. */
export function areSame(some: readonly Puzzle[], others: readonly Puzzle[]): boolean {
  return some.length === others.length && some.every((puzzle, index) => isSame(puzzle, others[index]!));
}

function isSame(one: Puzzle, other: Puzzle): boolean {
  if (one.kind !== "missing" || other.kind !== "missing") return one.kind === other.kind;
  return one.from === other.from && one.to === other.to;
}
