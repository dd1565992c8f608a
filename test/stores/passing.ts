import type { ManualClock } from "../../src/testing/fake/manual-clock.ts";

/** Lets time pass until this has settled, at most twenty times faster than it does, so that answers still come in time. */
export async function passing<T>(clock: ManualClock, work: Promise<T>): Promise<T> {
  let isPending = true;
  const settled = (): void => {
    isPending = false;
  };
  work.then(settled, settled);
  while (isPending) {
    await new Promise((resolve) => setTimeout(resolve, 1));
    clock.advance(20);
  }
  return work;
}
