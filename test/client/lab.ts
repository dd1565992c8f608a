import { type Client, type ClientOptions, connect } from "nightbus/client";
import { vi } from "vitest";
import { FakeLocks } from "./fake-locks.ts";
import { awake, type TabState } from "./life.ts";
import { type FakeMount, withoutMark } from "./mount.ts";

/** One browser on one mount, of which the test opens, freezes, crashes and closes tabs. */
export class Lab {
  readonly #locks: FakeLocks;
  readonly #radios = new Set<FakeRadio>();
  readonly #mount: FakeMount;
  /** The time of a broadcast. */
  readonly #delay: () => number;
  #opened = 0;

  /** The second delay is that of a request for a lock, if there is one. */
  constructor(mount: FakeMount, delay: () => number = () => 0, lockDelay?: () => number) {
    this.#mount = mount;
    this.#delay = delay;
    this.#locks = new FakeLocks(lockDelay);
  }

  open(options: Partial<ClientOptions> = {}): TabOfLab {
    const window = new EventTarget();
    const state: TabState = { frozen: false, dead: false, name: `tab ${++this.#opened}`, thaw: [] };
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

/** The answer, of which a frozen tab reads nothing. */
function held(response: Response, state: TabState): Response {
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
  readonly #state: TabState;
  readonly #all: Set<FakeRadio>;
  readonly #delay: () => number;
  #due = 0;

  constructor(name: string, state: TabState, all: Set<FakeRadio>, delay: () => number) {
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
