import { type Client, type ClientOptions, connect } from "nightbus/client";
import { vi } from "vitest";
import { type FakeMount, withoutMark } from "./mount.ts";

/** One browser on one mount, of which the test opens, freezes, crashes and closes tabs. */
export class Lab {
  readonly #locks = new FakeLocks();
  readonly #radios = new Set<FakeRadio>();
  readonly #mount: FakeMount;
  /** The time of a broadcast. */
  readonly #delay: () => number;
  #opened = 0;

  constructor(mount: FakeMount, delay: () => number = () => 0) {
    this.#mount = mount;
    this.#delay = delay;
  }

  open(options: Partial<ClientOptions> = {}): TabOfLab {
    const window = new EventTarget();
    const state: State = { frozen: false, dead: false, name: `tab ${++this.#opened}`, thaw: [] };
    const radios = this.#radios;
    const delay = this.#delay;
    vi.stubGlobal("navigator", { locks: this.#locks.of(state) });
    vi.stubGlobal("addEventListener", window.addEventListener.bind(window));
    vi.stubGlobal(
      "BroadcastChannel",
      class extends FakeRadio {
        constructor(name: string) {
          super(name, state, radios, delay);
        }
      },
    );
    const ids: number[] = [];
    const channels: unknown[] = [];
    const gaps: number[] = [];
    const errors: string[] = [];
    const asked: string[] = [];
    const mount = this.#mount;
    const fetch: typeof globalThis.fetch = async (url, init) => {
      asked.push(`${init?.method ?? "GET"} ${withoutMark(String(url)).split("/").at(-1)} ${init?.body ?? ""}`);
      return held(await mount.fetch(url as string, init), state);
    };
    const bus = connect("/longpolling", { channels: ["a"], shareTabs: "me", fetch, ...options });
    bus.on("notification", ({ id, channel }) => {
      ids.push(id);
      channels.push(channel);
    });
    bus.on("missed", ({ last }) => gaps.push(last));
    bus.on("error", ({ code }) => errors.push(code));
    return {
      bus,
      ids,
      channels,
      gaps,
      errors,
      asked,
      window,
      freeze: () => {
        state.frozen = true;
      },
      thaw: () => {
        state.frozen = false;
        for (const go of state.thaw.splice(0)) go();
      },
      crash: () => {
        state.dead = true;
        this.#locks.release(state);
        bus.close();
      },
    };
  }
}

export interface TabOfLab {
  readonly bus: Client;
  readonly ids: number[];
  readonly channels: unknown[];
  readonly gaps: number[];
  readonly errors: string[];
  readonly asked: string[];
  readonly window: EventTarget;
  freeze(): void;
  thaw(): void;
  /** Ends without a word. */
  crash(): void;
}

interface State {
  frozen: boolean;
  dead: boolean;
  readonly name: string;
  readonly thaw: (() => void)[];
}

/** Runs it, when the tab is not frozen; never, when it is dead. */
function awake(state: State, work: () => void): void {
  if (state.dead) return;
  if (state.frozen) state.thaw.push(work);
  else work();
}

/** The answer, of which a frozen tab reads nothing. */
function held(response: Response, state: State): Response {
  if (!response.body) return response;
  const gate = new TransformStream({
    transform: (chunk, controller) =>
      new Promise<void>((resolve) => {
        awake(state, () => {
          controller.enqueue(chunk);
          resolve();
        });
      }),
  });
  return new Response(response.body.pipeThrough(gate), response);
}

class FakeRadio {
  onmessage: ((event: { readonly data: unknown }) => void) | null = null;
  readonly name: string;
  readonly #state: State;
  readonly #all: Set<FakeRadio>;
  readonly #delay: () => number;
  #due = 0;

  constructor(name: string, state: State, all: Set<FakeRadio>, delay: () => number) {
    this.name = name;
    this.#state = state;
    this.#all = all;
    this.#delay = delay;
    all.add(this);
  }

  postMessage(message: unknown): void {
    const data = structuredClone(message);
    awake(this.#state, () => {
      for (const radio of this.#all) if (radio !== this && radio.name === this.name) radio.#deliver(data);
    });
  }

  close(): void {
    this.#all.delete(this);
  }

  // Each tab gets what was broadcast in one order, later or sooner.
  #deliver(data: unknown): void {
    this.#due = Math.max(this.#due, Date.now() + this.#delay());
    setTimeout(() => {
      awake(this.#state, () => {
        if (this.#all.has(this)) this.onmessage?.({ data });
      });
    }, this.#due - Date.now());
  }
}

interface Ask {
  readonly state: State;
  readonly grant: () => void;
}

/** The locks of a browser, each with a queue. */
class FakeLocks {
  readonly #locks = new Map<string, FakeLock>();

  of(state: State): unknown {
    return {
      request: (name: string, options: LockRequest, work: () => Promise<unknown> | undefined) => {
        const lock = this.#locks.get(name) ?? new FakeLock();
        this.#locks.set(name, lock);
        return lock.request(state, options, work);
      },
    };
  }

  /** As the browser does for a tab that is gone. */
  release(state: State): void {
    for (const lock of this.#locks.values()) lock.release(state);
  }
}

interface LockRequest {
  readonly steal?: boolean;
  readonly signal?: AbortSignal;
}

class FakeLock {
  #holder: (Ask & { readonly lose: () => void }) | undefined;
  readonly #queue: Ask[] = [];

  request(state: State, options: LockRequest, work: () => Promise<unknown> | undefined): Promise<unknown> {
    return new Promise((resolve, reject) => {
      const lose = (): void => awake(state, () => reject(new DOMException("stolen", "AbortError")));
      const grant = (): void => {
        const holder = { state, grant, lose };
        this.#holder = holder;
        queueMicrotask(() => {
          Promise.resolve(work())
            .then(resolve, reject)
            .finally(() => this.#holder === holder && this.#next());
        });
      };
      if (options.steal) {
        this.#holder?.lose();
        grant();
        return;
      }
      const ask = { state, grant };
      this.#queue.push(ask);
      options.signal?.addEventListener("abort", () => {
        const place = this.#queue.indexOf(ask);
        if (place < 0) return;
        this.#queue.splice(place, 1);
        reject(options.signal?.reason);
      });
      if (this.#holder === undefined) this.#next();
    });
  }

  release(state: State): void {
    for (const ask of this.#queue.filter((one) => one.state === state)) this.#queue.splice(this.#queue.indexOf(ask), 1);
    if (this.#holder?.state === state) this.#next();
  }

  #next(): void {
    this.#holder = undefined;
    this.#queue.shift()?.grant();
  }
}
