import type { Signal } from "../abort.ts";
import type { Answer } from "../log/answer.ts";
import type { Reader } from "../reader.ts";
import { Deadlines, type Due } from "../waiters/deadlines.ts";

interface Idler extends Due {
  readonly end: () => void;
}

/** Polls of no channel, which only wait for their time to be up. */
export class Idle {
  readonly #reader: Reader;
  readonly #deadlines: Deadlines<Idler>;

  constructor(reader: Reader) {
    this.#reader = reader;
    this.#deadlines = new Deadlines<Idler>(reader.clock, end);
  }

  /** Resolves with nothing after so many ms, or at the end. Rejects with the signal's reason. */
  wait(ms: number, signal: Signal): Promise<Answer> {
    if (signal.aborted) return Promise.reject(signal.reason);
    return new Promise((resolve, reject) => {
      const gone = (): void => {
        this.#deadlines.remove(idler);
        reject(signal.reason);
      };
      const over = (): void => {
        signal.removeEventListener("abort", gone);
        resolve(this.#reader.nothing());
      };
      const idler: Idler = { bucket: undefined, slot: 0, end: over };
      this.#deadlines.add(idler, this.#reader.clock.monotonic() + ms);
      signal.addEventListener("abort", gone);
    });
  }

  /** Answers all of them. */
  release(): void {
    end(this.#deadlines.drain());
  }
}

function end(due: readonly Idler[]): void {
  for (const idler of due) idler.end();
}
