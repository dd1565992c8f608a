import type { Hub } from "../../core/hub.ts";
import type { Answer } from "../../log/answer.ts";
import type { Signal } from "../../util/abort.ts";
import { Deadlines, type Due } from "../../util/deadlines.ts";

interface Idler extends Due {
  readonly end: () => void;
}

/** Polls without a channel, which only wait until their time is up. */
export class Idle {
  readonly #hub: Hub;
  readonly #deadlines: Deadlines<Idler>;

  constructor(hub: Hub) {
    this.#hub = hub;
    this.#deadlines = new Deadlines<Idler>(hub.clock, end);
  }

  /** Resolves with an empty answer after `ms`, or at the end. Rejects with the signal's reason. */
  wait(ms: number, signal: Signal): Promise<Answer> {
    if (signal.aborted) return Promise.reject(signal.reason);
    return new Promise((resolve, reject) => {
      const gone = (): void => {
        this.#deadlines.remove(idler);
        reject(signal.reason);
      };
      const over = (): void => {
        signal.removeEventListener("abort", gone);
        resolve(this.#hub.nothing());
      };
      const idler: Idler = { bucket: undefined, slot: 0, end: over };
      this.#deadlines.add(idler, this.#hub.clock.monotonic() + ms);
      signal.addEventListener("abort", gone);
    });
  }

  /** Answers every waiting poll. */
  release(): void {
    end(this.#deadlines.drain());
  }
}

function end(due: readonly Idler[]): void {
  for (const idler of due) idler.end();
}
