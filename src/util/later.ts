/**
 * Runs work in a later turn of the event loop, so that other work comes between. The function is looked up once, so
 * that fake timers do not hold it up.
 */
export const later: (work: () => void) => void =
  typeof globalThis.setImmediate === "function" ? globalThis.setImmediate : (work) => setTimeout(work, 0);
