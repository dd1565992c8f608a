import type { KeyBounds, SendKey } from "../../store.ts";
import { AgedMap } from "../../util/aged-map.ts";
import type { KnownSend } from "./key-plan.ts";

interface Entry extends KnownSend {
  /** The time at which it was committed, by the monotonic clock. */
  readonly at: number;
}

/** The keys that a process remembers in memory. */
export class KeyLedger {
  readonly #entries = new AgedMap<Entry>();
  readonly #monotonic: () => number;
  readonly #losses: EarlyLosses;

  /** `forgot` hears of keys that were dropped before their window was over. */
  constructor(monotonic: () => number, forgot: (error: Error) => void) {
    this.#monotonic = monotonic;
    this.#losses = new EarlyLosses(forgot);
  }

  /** Returns the remembered send of a key. */
  find(name: string, { window }: KeyBounds): KnownSend | undefined {
    const entry = this.#entries.get(name);
    return entry === undefined || this.#monotonic() - entry.at >= window ? undefined : entry;
  }

  /** Remembers sends, and forgets what is too old or too much. */
  remember(sends: readonly (SendKey & KnownSend)[], bounds: KeyBounds): void {
    const now = this.#monotonic();
    for (const { name, hash, first, size } of sends) this.#entries.set(name, { hash, first, size, at: now });
    this.#entries.drop(({ at }) => {
      const isOld = now - at >= bounds.window;
      if (!isOld && this.#entries.size <= bounds.count) return false;
      if (!isOld) this.#losses.note(now - at, now, bounds);
      return true;
    });
  }
}

/** Reports keys that were forgotten too early, once in a window. */
export class EarlyLosses {
  readonly #report: (error: Error) => void;
  /** The time before which no further loss is reported. */
  #silentUntil = Number.NEGATIVE_INFINITY;

  constructor(report: (error: Error) => void) {
    this.#report = report;
  }

  /** Notes that a key of this age was forgotten. `now` is of a clock that never goes back; all times are in ms. */
  note(age: number, now: number, { window, count }: KeyBounds): void {
    if (now < this.#silentUntil) return;
    this.#silentUntil = now + window;
    this.#report(
      new Error(
        `a key of a send was forgotten after ${Math.round(age / 1_000)} s instead of ${window / 1_000} s, because more than ` +
          `${count} came meanwhile: raise keys.count, or use a shorter keys.window`,
      ),
    );
  }
}
