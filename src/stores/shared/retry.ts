import { type Clock, keepAlive, LONGEST_TIMER, type Timer } from "../../util/clock.ts";

/** How long an engine that cannot be reached is waited for, in ms. */
export const RETRY_FOR = 5_000;

/** The pauses between two tries, in ms: the first, and the longest. */
const FIRST = 20;
const LONGEST = 2_000;

/** Pauses that double, each with jitter, so that many processes do not come back at the same moment. */
export class Pauses {
  #next = FIRST;

  /** How long to wait now, in ms. */
  take(): number {
    const pause = this.#next * (0.5 + Math.random() / 2);
    this.#next = Math.min(this.#next * 2, LONGEST);
    return pause;
  }

  /** It worked: the next pause is a short one. */
  reset(): void {
    this.#next = FIRST;
  }
}

/** Tries work again while it fails in a way that may pass, for a while; then rejects as it does. */
export async function retry<T>(clock: Clock, work: () => Promise<T>, mayPass: (error: unknown) => boolean): Promise<T> {
  const deadline = clock.monotonic() + RETRY_FOR;
  const pauses = new Pauses();
  for (;;) {
    try {
      return await work();
    } catch (error) {
      if (!mayPass(error) || clock.monotonic() >= deadline) throw error;
    }
    await new Promise<void>((resolve) => clock.setTimeout(resolve, pauses.take()));
  }
}

/** Waits for a goodbye, and not for long: an engine that is gone never says it. */
export async function withTimeout(clock: Clock, goodbye: Promise<unknown>): Promise<void> {
  let timer: Timer | undefined;
  const enough = new Promise<void>((resolve) => {
    timer = clock.setTimeout(resolve, RETRY_FOR);
  });
  try {
    await Promise.race([goodbye, enough]);
  } finally {
    clock.clearTimeout(timer);
  }
}

/** Keeps the process alive while work is under way whose connections do not. */
export async function awake<T>(clock: Clock, work: () => Promise<T>): Promise<T> {
  const timer = clock.setTimeout(() => {}, LONGEST_TIMER);
  try {
    return await work();
  } finally {
    clock.clearTimeout(timer);
  }
}

/** Does work again and again, so many ms after it last did. It keeps no process alive. Returns how to stop. */
export function every(clock: Clock, ms: number, work: () => void): () => void {
  const again = (): unknown => {
    const timer = clock.setTimeout(() => {
      current = again();
      work();
    }, ms);
    keepAlive(timer, false);
    return timer;
  };
  let current = again();
  return () => clock.clearTimeout(current);
}
