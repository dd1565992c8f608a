import { createHash } from "node:crypto";
import { replyCode } from "./failures.ts";

/** A script that Redis runs as one step. Nothing else runs meanwhile, and all its writes count, or none. */
export interface Script {
  readonly source: string;
  readonly sha: string;
}

/** Makes a script that uses no part of the log. */
export function plainScript(source: string): Script {
  return { source, sha: createHash("sha1").update(source).digest("hex") };
}

/** Runs a script, and resolves with its answer. Rejects with the client's error. */
export async function runScript(
  ask: (command: readonly string[]) => Promise<unknown>,
  { sha, source }: Script,
  keys: readonly string[],
  values: readonly string[],
): Promise<unknown> {
  const rest = [`${keys.length}`, ...keys, ...values];
  try {
    return await ask(["EVALSHA", sha, ...rest]);
  } catch (error) {
    if (replyCode(error) !== "NOSCRIPT") throw error;
    return ask(["EVAL", source, ...rest]);
  }
}
