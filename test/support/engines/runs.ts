import type { describe as Describe } from "vitest";

/** `describe` for what cannot run for this reason: it is skipped with that sentence, and fails where all must run. */
export function runs(describe: typeof Describe, reason: string | undefined): (name: string, body: () => void) => void {
  if (reason === undefined) return describe;
  if (process.env["CI"] !== undefined) throw new Error(reason);
  return (name, body) => describe.skip(`${name}: ${reason}`, body);
}
