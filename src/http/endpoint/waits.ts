import type { Clock } from "../../util/clock.ts";
import { Deadlines, type Due } from "../../util/deadlines.ts";

/** Something that is waited for. */
export interface Wait extends Due {
  readonly late: () => void;
  /** Called instead when the mount closes; absent for what may still come then. */
  readonly closed: (() => void) | undefined;
}

/** The waits of a mount for bodies and hooks. All share one timer. */
export class Waits {
  readonly #clock: Clock;
  readonly #deadlines: Deadlines<Wait>;

  constructor(clock: Clock) {
    this.#clock = clock;
    this.#deadlines = new Deadlines<Wait>(clock, (due) => {
      for (const { late } of due) late();
    });
  }

  /** Calls back once, when so many ms have passed, or the mount has closed, before the wait has ended. */
  begin(ms: number, late: () => void, closed?: () => void): Wait {
    const wait: Wait = { bucket: undefined, slot: 0, late, closed };
    this.#deadlines.add(wait, this.#clock.monotonic() + ms);
    return wait;
  }

  /** Ends a wait. Twice is once. */
  end(wait: Wait): void {
    this.#deadlines.remove(wait);
  }

  /** Ends those that a closing mount does not wait for. */
  close(): void {
    for (const wait of [...this.#deadlines.all()]) {
      if (wait.closed === undefined) continue;
      this.end(wait);
      wait.closed();
    }
  }
}
