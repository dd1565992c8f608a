import { later } from "../../util/later.ts";
import type { Outlet } from "./outlet.ts";
import type { Reading } from "./pieces.ts";

export interface Writing {
  readonly outlet: Outlet;
  readonly read: Reading;
  /** Runs what goes on in a later turn of the event loop, if it still should. */
  readonly guard: (work: () => void) => void;
  /** Called when the last piece was taken. */
  readonly done: () => void;
}

/** Writes pieces, each after the one before was taken, and in a turn of the event loop of its own, so that others come between. */
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

/** Reads these texts before and after the pieces. */
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
