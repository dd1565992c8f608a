/**
 * Does the work under a signal of its own, which is aborted at the end. Rejects with nothing when `renew` was not called again within
 * its ms, and when the outer signal is aborted, even if the work heeds no signal.
 */
export function within<T>(
  ms: number,
  outer: AbortSignal,
  work: (signal: AbortSignal, renew: (ms: number) => void) => Promise<T>,
): Promise<T> {
  const DAY = 86_400_000; // a timer that is given more than it can count ends at once
  const inner = new AbortController();
  const { signal } = inner;
  let timer: ReturnType<typeof setTimeout> | undefined;
  return new Promise<T>((resolve, reject) => {
    const renew = (ms: number): void => {
      clearTimeout(timer);
      timer = setTimeout(reject, Math.min(ms, DAY), "no answer");
    };
    renew(ms);
    const stop = (): void => {
      reject();
      inner.abort(); // now, since a page may freeze next
    };
    if (outer.aborted) stop();
    outer.addEventListener("abort", stop, { signal });
    work(signal, renew).then(resolve, reject);
  }).finally(() => {
    clearTimeout(timer);
    inner.abort(); // ends the listening, and what may still be under way
  });
}

/** Resolves with the signal's abort. */
export function aborted(signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    if (signal.aborted) resolve();
    signal.addEventListener("abort", () => resolve());
  });
}

/** Returns a function that tells the ms since now. One clock may stand still while a machine sleeps, the other may be set back. */
export function stopwatch(): () => number {
  const began = performance.now();
  const beganAt = Date.now();
  return () => Math.max(performance.now() - began, Date.now() - beganAt);
}
