import { type ChildProcess, fork, type Serializable, spawnSync } from "node:child_process";
import { once } from "node:events";
import { cpus } from "node:os";
import { fileURLToPath } from "node:url";

const canPin = cpus().length > 1 && spawnSync("taskset", ["-c", "0", "true"]).status === 0;

/** Starts a module of this folder as a process of its own, on one core where the machine can do that. */
export function start(module: string, core: number, args: readonly string[]): ChildProcess {
  const path = fileURLToPath(new URL(module, import.meta.url));
  if (!canPin) return fork(path, args);
  return fork(path, args, {
    execPath: "taskset",
    execArgv: ["-c", String(core), process.execPath, ...process.execArgv],
  });
}

/** Resolves with the next message of a process. Rejects if the process ends instead. */
export async function said(child: ChildProcess): Promise<unknown> {
  const ended = new AbortController();
  const { signal } = ended;
  try {
    const end = once(child, "exit", { signal }).then(([code]) => {
      throw new Error(`${child.spawnargs.join(" ")} ended with ${code}`);
    });
    const [message] = await Promise.race([once(child, "message", { signal }), end]);
    return message;
  } finally {
    ended.abort();
  }
}

/** Resolves with the answer of a process. */
export async function asked(child: ChildProcess, question: Serializable): Promise<unknown> {
  const answer = said(child);
  child.send(question);
  return answer;
}
