import assert from "node:assert/strict";
import { Bus, BusError } from "nightbus";
import type { Store } from "../../src/store.ts";
import type { StoreFactory, StorePlace } from "../../src/testing/conformance/store/topic.ts";
import { ManualClock } from "../../src/testing/fake/manual-clock.ts";
import { systemClock } from "../../src/util/clock.ts";
import { type Ended, KeyModel, type Outcome } from "./key-model.ts";

/** A send of a play. `bus` is taken modulo the number of buses. Without a name it has no key. */
export interface KeySend {
  readonly bus: number;
  readonly name: number | undefined;
  readonly variant: number;
}

/** One step of a play. */
export type KeyStep =
  | { readonly do: "send"; readonly sends: readonly KeySend[]; readonly lost: number }
  | { readonly do: "advance"; readonly ms: number }
  | { readonly do: "join" }
  | { readonly do: "restart" }
  | { readonly do: "crash"; readonly name: number };

/** The bounds of a play: those of keys, and the retained rows of the channel. */
export interface PlayOptions {
  readonly window: number;
  readonly count: number;
  readonly kept: number;
}

/** Plays sends on buses that share a log, loses answers of commits, and compares each end with a naive model. */
export class KeyPlay {
  readonly #factory: StoreFactory;
  readonly #options: PlayOptions;
  readonly #model: KeyModel;
  readonly #clock: ManualClock | undefined;
  /** The messages of acknowledged rows, by id. */
  readonly #rows = new Map<number, string>();
  /** The messages of sends without a key whose answer was lost. */
  readonly #unknown = new Set<string>();
  readonly #buses: Bus[] = [];
  #place: StorePlace | undefined;
  /** The answers of commits that are yet to be lost. */
  #lost = 0;
  #message = 0;

  constructor(factory: StoreFactory, options: PlayOptions) {
    this.#factory = factory;
    this.#options = options;
    this.#model = new KeyModel(options);
    this.#clock = factory.ownTime ? undefined : new ManualClock();
  }

  /** Plays, and checks the log at the end. */
  async run(steps: readonly KeyStep[]): Promise<void> {
    this.#place = await this.#factory.place();
    try {
      await this.#join();
      for (const step of steps) await this.#do(step);
      await this.#checkLog();
    } finally {
      await this.#leave();
      await this.#place.remove?.();
    }
  }

  async #do(step: KeyStep): Promise<void> {
    if (step.do === "advance") this.#clock?.advance(step.ms);
    else if (step.do === "join") await this.#join();
    else if (step.do === "send") await this.#send(step.sends, step.lost);
    else {
      if (step.do === "crash") await this.#crash(step.name);
      await this.#leave();
      await this.#join();
    }
  }

  async #join(): Promise<void> {
    const { window, count, kept } = this.#options;
    const bus = new Bus({
      store: this.#losing(this.#place!.store()), // `run` made it
      clock: this.#clock ?? systemClock,
      keys: { window, count },
      retention: { count: kept },
    });
    bus.on("error", () => {}); // keys that are forgotten early, as the small count wants it
    this.#buses.push(bus);
    await bus.ready();
  }

  async #leave(): Promise<void> {
    for (const bus of this.#buses.splice(0)) await bus.close();
  }

  /** A store whose commits happen, and whose answers the play loses. */
  #losing(store: Store): Store {
    const appendKeyed = store.appendKeyed!.bind(store); // the factory's stores remember keys
    return Object.assign(store, {
      appendKeyed: async (...given: Parameters<typeof appendKeyed>) => {
        const outcomes = await appendKeyed(...given);
        if (this.#lost === 0) return outcomes;
        this.#lost -= 1;
        throw new BusError("store", "the answer was lost", { refused: false });
      },
    });
  }

  async #send(sends: readonly KeySend[], lost: number): Promise<void> {
    // Sends at once may push each other out of a small memory, and then no model knows the order.
    const played = this.#options.count < sends.length + 2 ? sends.slice(0, 1) : sends;
    const newest = this.#newest;
    this.#lost = lost;
    const ends = await Promise.all(played.map((send) => this.#once(send)));
    this.#lost = 0;
    const ended: Ended[] = [];
    for (const [at, send] of played.entries()) {
      const outcome = ends[at] ?? (send.name === undefined ? undefined : await this.#once(send));
      if (send.name !== undefined) ended.push({ name: send.name, variant: send.variant, outcome: outcome! }); // no second loss
    }
    this.#check(ended, newest);
  }

  /** Sends on a bus that ends before the answer is used, and again on the next one. */
  async #crash(name: number): Promise<void> {
    const newest = this.#newest;
    const send = { bus: 0, name, variant: 0 };
    this.#lost = 1;
    await this.#once(send);
    this.#lost = 0;
    await this.#leave();
    await this.#join();
    const outcome = await this.#once(send);
    this.#check([{ name, variant: 0, outcome: outcome! }], newest); // no second loss
  }

  #check(ended: readonly Ended[], newest: number): void {
    const now = this.#clock?.monotonic() ?? 0;
    for (const { name, variant, outcome } of this.#model.check(ended, now, newest)) {
      for (const [at, id] of (outcome as readonly number[]).entries()) this.#note(id, textOf(name, variant, at));
    }
  }

  /** Resolves with the end of a send; undefined if its answer was lost. */
  async #once({ bus: at, name, variant }: KeySend): Promise<Outcome | undefined> {
    const bus = this.#buses[at % this.#buses.length]!; // a play has at least one
    this.#message += 1;
    const texts =
      name === undefined
        ? [`${this.#message}`]
        : Array.from({ length: 1 + (name % 3) }, (_, row) => textOf(name, variant, row));
    try {
      const ids = await bus.sendmany(
        texts.map((text) => ["a", text] as const),
        name === undefined ? {} : { key: `${name}` },
      );
      assert.ok(bus.last >= ids.at(-1)!, "the process has seen the rows");
      if (name === undefined) this.#note(ids[0]!, texts[0]!);
      return ids;
    } catch (error) {
      if ((error as BusError).code === "bad_key") return "taken";
      if ((error as BusError).refused !== false) throw error;
      if (name === undefined) this.#unknown.add(texts[0]!);
      return undefined;
    }
  }

  /** The newest acknowledged id. */
  get #newest(): number {
    return Math.max(0, ...this.#rows.keys());
  }

  #note(id: number, text: string): void {
    assert.ok(!this.#rows.has(id), `the id ${id} is new`);
    this.#rows.set(id, text);
  }

  /** Each acknowledged row is in the log once, in one order, apart from old rows that were trimmed. */
  async #checkLog(): Promise<void> {
    for (const bus of this.#buses) {
      this.#note(await bus.sendone("a", "end"), "end"); // by then the bus has seen all others
      const batch = await bus.poll(["a"], 0, 0);
      const found = batch.filter(({ id, message }) => this.#rows.has(id) || !this.#unknown.has(message as string));
      const rows = [...this.#rows].sort(([one], [other]) => one - other);
      const wanted = this.#options.kept === Number.POSITIVE_INFINITY ? rows : rows.slice(rows.length - found.length);
      assert.deepEqual(
        found.map(({ id, message }) => [id, message]),
        wanted,
      );
    }
  }
}

function textOf(name: number, variant: number, row: number): string {
  return `${name} ${variant} ${row}`;
}
