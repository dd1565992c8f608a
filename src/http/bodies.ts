import type { Clock } from "../clock.ts";
import { Deadlines } from "../waiters/deadlines.ts";
import type { BodyLimits, Coming } from "./request.ts";

export interface BodiesOptions {
  readonly clock: Clock;
  readonly maxBody: number;
  /** How long a body may take to come, in ms. */
  readonly bodyTimeout: number;
}

/** The bodies that a mount is reading. Their deadlines share one timer. */
export class Bodies implements BodyLimits {
  readonly maxBody: number;
  readonly #clock: Clock;
  readonly #bodyTimeout: number;
  readonly #deadlines: Deadlines<Coming>;

  constructor({ clock, maxBody, bodyTimeout }: BodiesOptions) {
    this.maxBody = maxBody;
    this.#clock = clock;
    this.#bodyTimeout = bodyTimeout;
    this.#deadlines = new Deadlines<Coming>(clock, (due) => {
      for (const { late } of due) late();
    });
  }

  coming(late: () => void): Coming {
    const coming: Coming = { bucket: undefined, slot: 0, late };
    this.#deadlines.add(coming, this.#clock.monotonic() + this.#bodyTimeout);
    return coming;
  }

  came(coming: Coming): void {
    this.#deadlines.remove(coming);
  }
}
