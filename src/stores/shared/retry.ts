import { type Clock, LONGEST_TIMER, type Timer } from "../../util/clock.ts";

/** The time for which work is retried, and the time that an engine has to answer, in ms. */
export const RETRY_FOR = 5_000;

/** The bounds of the pauses between two tries, in ms. */
export interface Bounds {
  readonly first: number;
  readonly longest: number;
}

/** The pauses for an engine across a network. */
const REMOTE: Bounds = { first: 20, longest: 2_000 };

/** Pauses that double. Each has jitter, so that many processes do not return at the same moment. */
export class Pauses {
  readonly #bounds: Bounds;
  #next: number;

  constructor(bounds: Bounds = REMOTE) {
    this.#bounds = bounds;
    this.#next = bounds.first;
  }

  /** The next pause, in ms. */
  take(): number {
    const pause = this.#next * (0.5 + Math.random() / 2);
    this.#next = Math.min(this.#next * 2, this.#bounds.longest);
    return pause;
  }

  /** Makes the next pause a short one, after a success. */
  reset(): void {
    this.#next = this.#bounds.first;
  }
}

/** Retries work while `mayPass` tells that its error may go away. No try begins later than about five seconds after the first. Then it rejects with that error. */
export async function retry<T>(
  clock: Clock,
  work: () => Promise<T> | T,
  mayPass: (error: unknown) => boolean,
  bounds: Bounds = REMOTE,
): Promise<T> {
  const deadline = clock.monotonic() + RETRY_FOR;
  const pauses = new Pauses(bounds);
  for (;;) {
    try {
      return await work();
    } catch (error) {
      if (!mayPass(error) || clock.monotonic() >= deadline) throw error;
    }
    await new Promise<void>((resolve) => clock.setTimeout(resolve, pauses.take()));
  }
}

/** Waits for work for at most five seconds, as for the goodbye of an engine that may be gone. */
export async function withTimeout(clock: Clock, work: Promise<unknown>): Promise<void> {
  let timer: Timer | undefined;
  const enough = new Promise<void>((resolve) => {
    timer = clock.setTimeout(resolve, RETRY_FOR);
  });
  try {
    await Promise.race([work, enough]);
  } finally {
    clock.clearTimeout(timer);
  }
}

/** Keeps the process alive during work, since an engine's connections do not. */
export async function awake<T>(clock: Clock, work: () => Promise<T>): Promise<T> {
  const timer = clock.setTimeout(() => {}, LONGEST_TIMER);
  try {
    return await work();
  } finally {
    clock.clearTimeout(timer);
  }
}
