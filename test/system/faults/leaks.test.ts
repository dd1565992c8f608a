import { expect, it } from "vitest";
import { type Leak, measureLeaks } from "./measure-leaks.ts";

/** So many that the code which the engine compiles meanwhile, up to a megabyte on Node 24, is less than the bound. */
const COUNT = 100_000;

/** Less than the smallest thing that could be kept of each. */
const BYTES_EACH = 16;

it("keeps nothing of polls answered, timed out and aborted, nor of channels used once", {
  timeout: 60_000,
}, async () => {
  const leaks = await measureLeaks(COUNT);
  expect(leaks).toHaveLength(6);
  expect(leaks.filter((leak) => !isNothing(leak))).toEqual([]);
});

function isNothing({ bytes, waiting, listeners, timers }: Leak): boolean {
  return bytes < COUNT * BYTES_EACH && waiting === 0 && listeners === 0 && timers === 0;
}
