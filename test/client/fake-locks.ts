import { awake, type TabState } from "./life.ts";

interface Ask {
  readonly state: TabState;
  readonly mode: LockRequest["mode"];
  readonly grant: () => void;
}

/** The locks of a browser, each with a queue. */
export class FakeLocks {
  readonly #locks = new Map<string, FakeLock>();
  readonly #delay: (() => number) | undefined;

  constructor(delay: (() => number) | undefined) {
    this.#delay = delay;
  }

  of(state: TabState): unknown {
    let due = 0;
    return {
      request: async (name: string, options: LockRequest, work: () => Promise<unknown> | undefined) => {
        const lock = this.#locks.get(name) ?? new FakeLock();
        this.#locks.set(name, lock);
        if (this.#delay !== undefined) {
          due = Math.max(due, Date.now() + this.#delay()); // the requests of a tab come to the browser in one order
          await new Promise((resolve) => setTimeout(resolve, due - Date.now()));
        }
        if (state.frozen || state.dead) await new Promise<void>((resolve) => awake(state, resolve));
        options.signal?.throwIfAborted();
        return lock.request(state, options, work);
      },
    };
  }

  /** As the browser does for a tab that is gone. */
  release(state: TabState): void {
    for (const lock of this.#locks.values()) lock.release(state);
  }
}

interface LockRequest {
  readonly mode?: "shared";
  readonly steal?: boolean;
  readonly signal?: AbortSignal;
}

class FakeLock {
  /** One holder, or several of the mode `shared`. */
  readonly #holders = new Set<Ask & { readonly lose: () => void }>();
  readonly #queue: Ask[] = [];

  request(state: TabState, options: LockRequest, work: () => Promise<unknown> | undefined): Promise<unknown> {
    return new Promise((resolve, reject) => {
      const lose = (): void => awake(state, () => reject(new DOMException("stolen", "AbortError")));
      const { mode } = options;
      const grant = (): void => {
        const holder = { state, mode, grant, lose };
        this.#holders.add(holder);
        const end = (): void => {
          if (this.#holders.delete(holder)) this.#next();
        };
        // A frozen tab has the lock, and does not know it yet.
        queueMicrotask(() => awake(state, () => Promise.resolve(work()).then(resolve, reject).finally(end)));
      };
      if (options.steal) {
        for (const holder of this.#holders) holder.lose();
        this.#holders.clear();
        grant();
        return;
      }
      const granted = new AbortController();
      const ask = {
        state,
        mode,
        grant: () => {
          granted.abort();
          grant();
        },
      };
      this.#queue.push(ask);
      const leave = (): void => {
        const place = this.#queue.indexOf(ask);
        if (place < 0) return; // a crash came before
        this.#queue.splice(place, 1);
        reject(options.signal?.reason);
        this.#next();
      };
      options.signal?.addEventListener("abort", leave, { signal: granted.signal });
      this.#next();
    });
  }

  release(state: TabState): void {
    for (const ask of this.#queue.filter((one) => one.state === state)) this.#queue.splice(this.#queue.indexOf(ask), 1);
    for (const holder of this.#holders) if (holder.state === state) this.#holders.delete(holder);
    this.#next();
  }

  /** Grants as many requests as may hold the lock, in their order. */
  #next(): void {
    const [next] = this.#queue;
    if (next === undefined) return;
    const isFree = [...this.#holders].every(({ mode }) => mode === "shared" && next.mode === "shared");
    if (!isFree) return;
    this.#queue.shift();
    next.grant();
    this.#next();
  }
}
