/**
 * Runs work under a signal of its own, which is aborted at the end. Rejects without a reason if `renew` was not called
 * again in time, or if the outer signal is aborted. The work may ignore the signal.
 */
export function within<T>(
  ms: number,
  outer: AbortSignal,
  work: (signal: AbortSignal, renew: (ms: number) => void) => Promise<T>,
): Promise<T> {
  const LONGEST = 1e9; // a timer beyond its range ends at once
  const inner = new AbortController();
  const { signal } = inner;
  let timer: ReturnType<typeof setTimeout> | undefined;
  return new Promise<T>((resolve, reject) => {
    const renew = (ms: number): void => {
      clearTimeout(timer);
      timer = setTimeout(reject, Math.min(ms, LONGEST), "no answer");
    };
    renew(ms);
    const stop = (): void => {
      reject();
      inner.abort(); // read now, because a page may freeze next
    };
    if (outer.aborted) stop();
    outer.addEventListener("abort", stop, { signal });
    work(signal, renew).then(resolve, reject);
  }).finally(() => {
    clearTimeout(timer);
    inner.abort(); // ends the listening, and requests that are still under way
  });
}

/** Resolves when the signal is aborted. */
export function aborted(signal: AbortSignal): Promise<unknown> {
  return new Promise<unknown>((resolve) => {
    if (signal.aborted) resolve(signal);
    signal.addEventListener("abort", resolve);
  });
}

/**
 * Returns a function that tells the ms since now. One of the two clocks may stand still while a machine sleeps, and the
 * other may be set back.
 */
export function stopwatch(): () => number {
  const began = performance.now();
  const beganAt = Date.now();
  return () => Math.max(performance.now() - began, Date.now() - beganAt);
}
