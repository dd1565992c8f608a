import type { Clock } from "../clock.ts";
import { type Bucket, Deadlines, type Due } from "../waiters/deadlines.ts";
import type { BodyLimits } from "./request.ts";

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
  readonly #deadlines: Deadlines<Reading>;

  constructor({ clock, maxBody, bodyTimeout }: BodiesOptions) {
    this.maxBody = maxBody;
    this.#clock = clock;
    this.#bodyTimeout = bodyTimeout;
    this.#deadlines = new Deadlines<Reading>(clock, (due) => {
      for (const { late } of due) late();
    });
  }

  within(late: () => void): () => void {
    const reading: Reading = { bucket: undefined, slot: 0, late };
    this.#deadlines.add(reading, this.#clock.monotonic() + this.#bodyTimeout);
    return () => this.#deadlines.remove(reading);
  }
}

interface Reading extends Due {
  bucket: Bucket | undefined;
  readonly late: () => void;
}
