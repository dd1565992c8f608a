import { later } from "../../util/later.ts";
import type { Outlet } from "./outlet.ts";
import type { Reading } from "./pieces.ts";

/** The pieces to write, and the client that takes them. */
export interface Writing {
  readonly outlet: Outlet;
  readonly read: Reading;
  /** Runs work in a later turn of the event loop, unless the answer has ended. */
  readonly guard: (work: () => void) => void;
  /** Called after the client took the last piece. */
  readonly done: () => void;
}

/**
 * Writes pieces, each after the client took the one before. Each piece has a turn of the event loop of its own, so that
 * other work comes between.
 */
export function writePieces(writing: Writing): void {
  const { outlet, read, guard, done } = writing;
  const piece = read();
  if (piece === undefined) {
    done();
    return;
  }
  const goOn = (): void => later(() => guard(() => writePieces(writing)));
  if (outlet.write(piece)) goOn();
  else outlet.sink.drained(goOn);
}

/** Returns a reading of these texts before and after the pieces. */
export function between(head: Uint8Array | undefined, pieces: Reading, tail: string): Reading {
  let [first, last]: [Uint8Array | undefined, string] = [head, tail];
  return () => {
    const before = first;
    first = undefined;
    if (before !== undefined) return before;
    const piece = pieces();
    if (piece !== undefined || last === "") return piece;
    const after = Buffer.from(last);
    last = "";
    return after;
  };
}

/** Returns frames with what comes before them. */
export function joined(gap: Uint8Array | undefined, frames: Uint8Array): Uint8Array {
  return gap === undefined ? frames : Buffer.concat([gap, frames]);
}
