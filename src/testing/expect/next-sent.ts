import { closed } from "../../errors.ts";
import { keyOf, type Notification } from "../../notification.ts";
import { type Clock, LONGEST_TIMER } from "../../util/clock.ts";
import { checkMs, checkNames } from "../../util/validate.ts";
import { type Caller, ExpectationError } from "./expectation-error.ts";

interface Waiting {
  readonly key: string;
  readonly resolve: (sent: Notification) => void;
  readonly reject: (error: Error) => void;
  readonly stop: () => void;
}

/** Tests that wait for the next entry. */
export class NextSents {
  readonly #waiting = new Set<Waiting>();
  readonly #clock: Clock;
  readonly #caller: Caller;
  #isClosed = false;

  constructor(clock: Clock, caller: Caller) {
    this.#clock = clock;
    this.#caller = caller;
  }

  /** Resolves with the next entry on this channel. Rejects once the time is up, by the bus's clock or by the machine's. */
  async next(channel: unknown, options: { readonly within?: number }): Promise<Notification> {
    const key = keyOf(channel);
    checkNames("nextSent", options, ["within"]);
    const within = checkMs("within", options.within ?? 1_000);
    if (this.#isClosed) throw closed();
    const late = new ExpectationError(`expected a send on ${key} within ${within} ms, but none came`, this.#caller);
    return new Promise((resolve, reject) => {
      const stop = timers(this.#clock, within, () => {
        this.#remove(waiting);
        reject(late);
      });
      const waiting = { key, resolve, reject, stop };
      this.#waiting.add(waiting);
    });
  }

  sent(sent: Notification): void {
    const key = keyOf(sent.channel);
    for (const waiting of [...this.#waiting]) {
      if (waiting.key !== key) continue;
      this.#remove(waiting);
      waiting.resolve(sent);
    }
  }

  /** Rejects every waiting test. */
  clear(why = "the bus was reset"): void {
    for (const waiting of [...this.#waiting]) {
      this.#remove(waiting);
      waiting.reject(new ExpectationError(`expected a send on ${waiting.key}, but ${why}`));
    }
  }

  /** Rejects every waiting test, and later ones too. */
  close(): void {
    this.#isClosed = true;
    this.clear("the bus was closed");
  }

  #remove(waiting: Waiting): void {
    waiting.stop();
    this.#waiting.delete(waiting);
  }
}

/** Sets a timer of this clock and one of the machine's. Returns a function that stops both. */
function timers(clock: Clock, ms: number, late: () => void): () => void {
  const own = clock.setTimeout(late, Math.min(ms, LONGEST_TIMER));
  const system = setTimeout(late, Math.min(ms, LONGEST_TIMER));
  return () => {
    clock.clearTimeout(own);
    clearTimeout(system);
  };
}
