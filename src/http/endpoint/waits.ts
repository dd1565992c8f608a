import type { Clock } from "../../util/clock.ts";
import { Deadlines, type Due } from "../../util/deadlines.ts";

/** A wait with a deadline. */
export interface Wait extends Due {
  readonly late: () => void;
  /** Called instead when the mount closes. Absent if the wait may go on then. */
  readonly closed: (() => void) | undefined;
}

/** The waits of a mount for bodies and hooks. All waits share one timer. */
export class Waits {
  readonly #clock: Clock;
  readonly #deadlines: Deadlines<Wait>;

  constructor(clock: Clock) {
    this.#clock = clock;
    this.#deadlines = new Deadlines<Wait>(clock, (due) => {
      for (const { late } of due) late();
    });
  }

  /** Calls back once if the wait does not end within `ms`, or before the mount closes. */
  begin(ms: number, late: () => void, closed?: () => void): Wait {
    const wait: Wait = { bucket: undefined, slot: 0, late, closed };
    this.#deadlines.add(wait, this.#clock.monotonic() + ms);
    return wait;
  }

  /** Ends a wait. A second call does nothing. */
  end(wait: Wait): void {
    this.#deadlines.remove(wait);
  }

  /** Ends the waits that a closing mount does not keep. */
  close(): void {
    for (const wait of [...this.#deadlines.all()]) {
      if (wait.closed === undefined) continue;
      this.end(wait);
      wait.closed();
    }
  }
}
