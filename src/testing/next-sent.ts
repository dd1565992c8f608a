import type { Clock, Timer } from "../clock.ts";
import { keyOf, type Notification } from "../notification.ts";
import { ExpectationError } from "./expectations.ts";

interface Waiting {
  readonly key: string;
  readonly resolve: (sent: Notification) => void;
  readonly reject: (error: Error) => void;
  readonly stop: () => void;
}

/** Those who wait for what is sent next. */
export class NextSents {
  readonly #waiting = new Set<Waiting>();

  /** The next one on this channel, unless the time is up before, by this clock or by the machine's. */
  next(key: string, within: number, clock: Clock): Promise<Notification> {
    return new Promise((resolve, reject) => {
      const late = (): void => {
        this.#end(waiting);
        reject(new ExpectationError(`expected a send on ${key} within ${within} ms, but none came`, key, undefined));
      };
      const timers: readonly Timer[] = [clock.setTimeout(late, within), setTimeout(late, within)];
      const stop = (): void => {
        clock.clearTimeout(timers[0]);
        clearTimeout(timers[1] as ReturnType<typeof setTimeout>); // it came from there
      };
      const waiting = { key, resolve, reject, stop };
      this.#waiting.add(waiting);
    });
  }

  sent(sent: Notification): void {
    const key = keyOf(sent.channel);
    for (const waiting of [...this.#waiting]) {
      if (waiting.key !== key) continue;
      this.#end(waiting);
      waiting.resolve(sent);
    }
  }

  /** Rejects them all. */
  clear(): void {
    for (const waiting of [...this.#waiting]) {
      this.#end(waiting);
      waiting.reject(
        new ExpectationError(`expected a send on ${waiting.key}, but the bus was reset`, waiting.key, undefined),
      );
    }
  }

  #end(waiting: Waiting): void {
    waiting.stop();
    this.#waiting.delete(waiting);
  }
}
