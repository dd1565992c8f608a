import { hostname } from "node:os";

/** The passes of a hot path. */
export interface Passes {
  /** The passes before the first window, until most code is compiled. */
  readonly warmUp: number;
  /** The passes of one window. */
  readonly inWindow: number;
}

/** The number of windows of a path. Single collections of all garbage fall into some of them. */
export const WINDOWS = 9;

/** Divides the passes of a path into windows. */
export class Windows {
  readonly #passes: Passes;
  #left: number;
  #marks = 0;

  constructor(passes: Passes) {
    this.#passes = passes;
    this.#left = passes.warmUp;
  }

  /** Notes that one pass is over. Returns true after the last window. */
  passed(): boolean {
    this.#left -= 1;
    if (this.#left > 0) return false;
    hostname(); // callgrind writes down its count whenever this is called, and nothing else calls it
    this.#marks += 1;
    this.#left = this.#passes.inWindow;
    return this.#marks > WINDOWS;
  }
}

/** Runs a pass again and again, until the windows are over. */
export async function runWindows(passes: Passes, pass: () => unknown): Promise<void> {
  const windows = new Windows(passes);
  do await pass();
  while (!windows.passed());
}
