import { setTimeout as pause } from "node:timers/promises";

/**
 * Resolves when a condition holds; what it throws counts as not yet. Rejects after so many ms with a sentence that says what
 * did not come about: `what` reads "a reader has read id 7".
 */
export async function eventually(
  what: () => string,
  condition: () => boolean | Promise<boolean>,
  ms: number,
): Promise<void> {
  const deadline = performance.now() + ms;
  for (;;) {
    let cause: unknown;
    try {
      if (await condition()) return;
    } catch (error) {
      cause = error;
    }
    if (performance.now() > deadline) throw new Error(`not within ${ms} ms: ${what()}`, { cause });
    await pause(10);
  }
}
