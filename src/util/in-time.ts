import type { Clock } from "./clock.ts";

/**
 * Settles as the work does. Rejects with the error of `late` once the work has taken so many ms by this clock. The work then goes
 * on, and nobody hears of its end.
 */
export function inTime<T>(clock: Clock, ms: number, work: Promise<T>, late: () => Error): Promise<T> {
  let end = (): void => {};
  const limit = new Promise<never>((_resolve, reject) => {
    const timer = clock.setTimeout(() => reject(late()), ms);
    end = () => clock.clearTimeout(timer);
  });
  return Promise.race([work, limit]).finally(end);
}
