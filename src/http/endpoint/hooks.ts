import { asError } from "../../errors.ts";
import type { Signal } from "../../util/abort.ts";
import { isThenable } from "../../util/thenable.ts";
import { mountClosed, Refusal, refusalOfHook, unavailable } from "./refusal.ts";
import type { Waits } from "./waits.ts";

/** The bounds of hooks, and the receiver of their failures. */
export interface HooksOptions {
  readonly waits: Waits;
  /** The longest time of a hook, in ms. */
  readonly hookTimeout: number;
  /** Receives failures of hooks of which no client hears. */
  readonly failed: (error: Error) => void;
}

/** The hooks of a mount. Waits for hooks share one timer. */
export class Hooks {
  readonly #options: HooksOptions;

  constructor(options: HooksOptions) {
    this.#options = options;
  }

  /**
   * Asks a hook of the application, and returns its answer at once if the hook does not wait. A thrown error with the
   * status 401 or 403 refuses the client; anything else is the hook's own fault. Throws or rejects with a Refusal, an
   * Error of the hook's, or the signal's reason.
   */
  ask(name: string, hook: () => unknown, signal?: Signal): unknown {
    let answer: unknown;
    try {
      answer = hook();
      if (!isThenable(answer)) return answer;
    } catch (cause) {
      throw faultOf(name, cause);
    }
    return this.#wait(name, Promise.resolve(answer), signal);
  }

  #wait(name: string, answer: Promise<unknown>, signal: Signal | undefined): Promise<unknown> {
    const { waits, hookTimeout, failed } = this.#options;
    return new Promise((resolve, reject) => {
      let isOver = false;
      const end = (): void => {
        isOver = true;
        waits.end(wait);
        signal?.removeEventListener("abort", gone);
      };
      const gone = (): void => {
        end();
        reject(signal?.reason);
      };
      const late = (): void => {
        end();
        failed(new Error(`the mount's ${name} hook has not answered within ${hookTimeout} ms (hookTimeout)`));
        reject(unavailable("hook_timeout", "the server takes too long to say what this client may do"));
      };
      const closed = (): void => {
        end();
        reject(mountClosed());
      };
      const wait = waits.begin(hookTimeout, late, closed);
      answer.then(
        (value) => {
          if (isOver) return; // a late answer is dropped
          end();
          resolve(value);
        },
        (cause: unknown) => {
          const fault = faultOf(name, cause);
          if (!isOver) {
            end();
            reject(fault);
          } else if (!isNoNews(fault, cause, signal)) {
            failed(fault);
          }
        },
      );
      if (signal?.aborted) gone();
      else signal?.addEventListener("abort", gone);
    });
  }
}

/** True if a hook failed after it refused its client, or after the client had gone. */
function isNoNews(fault: Error, cause: unknown, signal: Signal | undefined): boolean {
  if (fault instanceof Refusal) return true;
  return cause === signal?.reason || (Object(cause) as { name?: unknown }).name === "AbortError";
}

function faultOf(name: string, cause: unknown): Error {
  return refusalOfHook(cause) ?? new Error(`the mount's ${name} hook threw: ${textOf(cause)}`, { cause });
}

function textOf(cause: unknown): string {
  try {
    const { name, message } = asError(cause);
    return `${name}: ${message}`;
  } catch {
    return "an error that cannot be read";
  }
}
