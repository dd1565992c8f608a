/** Does the work, which rejects with an AbortError when that comes, under a signal that is aborted with the outer one, and when `renew` was not called again within its ms. */
export async function within<T>(
  ms: number,
  outer: AbortSignal,
  work: (signal: AbortSignal, renew: (ms: number) => void) => Promise<T>,
): Promise<T> {
  const DAY = 86_400_000; // a timer that is given more than it can count ends at once
  const inner = new AbortController();
  const { signal } = inner;
  const abort = (): void => inner.abort();
  let timer: ReturnType<typeof setTimeout> | undefined;
  const renew = (ms: number): void => {
    clearTimeout(timer);
    timer = setTimeout(abort, Math.min(ms, DAY));
  };
  renew(ms);
  if (outer.aborted) abort();
  outer.addEventListener("abort", abort, { signal });
  try {
    return await work(signal, renew);
  } finally {
    clearTimeout(timer);
    abort(); // ends the listening, and what may still be under way
  }
}

/** Resolves with the signal's abort. */
export async function aborted(signal: AbortSignal): Promise<void> {
  if (!signal.aborted) await new Promise((resolve) => signal.addEventListener("abort", resolve));
}
