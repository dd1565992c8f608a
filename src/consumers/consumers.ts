import { asStoreError, BusError, given } from "../errors.ts";
import { channelOf } from "../notification.ts";
import type { Position, Positions } from "../store.ts";
import { checkConsume, checkName, checkPosition, type GivenOptions } from "./options.ts";
import type { ConsumerParts } from "./parts.ts";
import { RunningConsumer } from "./running.ts";
import { sleep } from "./sleep.ts";
import { type Beginning, recordOf, textOf } from "./state.ts";
import type { BusConsumers, Consumer, ConsumerState } from "./types.ts";

/** The longest wait of a closing bus for handlers, in ms. */
const LONGEST_CLOSE = 5_000;

/** The tries of `seek` and `delete`, which a holder that writes may come before. */
const TRIES = 100;

/** The named consumers of a bus. */
export class Consumers implements BusConsumers {
  readonly #parts: ConsumerParts;
  readonly #running = new Set<RunningConsumer>();

  constructor(parts: ConsumerParts) {
    this.#parts = parts;
  }

  /** The consumers whose lease this process holds. */
  get states(): readonly ConsumerState[] {
    return [...this.#running].map(({ state }) => state).filter((state) => state !== undefined);
  }

  /** Begins a consumer. Throws `bad_option` or `bad_channel`. */
  begin(name: unknown, channels: unknown, handler: unknown, options: GivenOptions): Consumer {
    const terms = checkConsume(name, channels, handler, options);
    const positions = this.#positions();
    if (terms.isTransactional && positions.within === undefined) throw noTransactions();
    const ended = (consumer: RunningConsumer): void => void this.#running.delete(consumer);
    const consumer = new RunningConsumer({ parts: this.#parts, positions, terms, ended });
    this.#running.add(consumer);
    return consumer;
  }

  async list(): Promise<readonly ConsumerState[]> {
    const positions = await this.#ready();
    const all = await calling(() => positions.list());
    return all.map((position) => this.#stateOf(position));
  }

  async seek(name: string, position: "now" | "start" | number): Promise<void> {
    const checked = checkName(name);
    const to = checkPosition("position", position);
    const positions = await this.#ready();
    const { hub } = this.#parts;
    const target = (keys: readonly string[]): Beginning =>
      to === "start" ? hub.beginning(keys) : { last: to === "now" ? hub.last : to };
    const isFound = await this.#change(positions, checked, ({ state }) => {
      const record = recordOf(checked, state);
      const { last, known } = target(record.keys);
      return textOf({ ...record, last, known, fence: record.fence + 1, holder: undefined });
    });
    if (isFound) return;
    throw new BusError("bad_option", `there is no consumer ${given(name)}: bus.consumers.list() has the names`);
  }

  async delete(name: string): Promise<boolean> {
    const checked = checkName(name);
    return this.#change(await this.#ready(), checked, () => undefined);
  }

  /** Ends all consumers, without a wait. */
  end(): void {
    for (const consumer of this.#running) void consumer.close();
  }

  /** Makes the consumers of this name look at their position at once, since somebody else has moved it. */
  look(name: string): void {
    for (const consumer of this.#running) if (consumer.name === name) consumer.look();
  }

  /** Signals all handlers, and waits for them for at most five seconds. Never rejects. */
  async close(): Promise<void> {
    if (this.#running.size === 0) return;
    const { error, hub } = this.#parts;
    const over = new AbortController();
    const closed = Promise.all([...this.#running].map((consumer) => consumer.close()));
    await Promise.race([closed, sleep(hub.clock, LONGEST_CLOSE, over.signal)]);
    over.abort();
    for (const consumer of this.#running) {
      consumer.abandon();
      error(stuck(consumer.name));
    }
  }

  /** Replaces a position. Resolves with false if there is none. */
  async #change(
    positions: Positions,
    name: string,
    stateOf: (position: Position) => string | undefined,
  ): Promise<boolean> {
    for (let tried = 0; tried < TRIES; tried += 1) {
      const stored = await calling(() => positions.read(name));
      if (stored === undefined) return false;
      const version = await calling(() => positions.replace(name, stored.version, stateOf(stored)));
      if (version === undefined) continue;
      this.look(name);
      return true;
    }
    const sentence = `the position of ${given(name)} changed ${TRIES} times meanwhile: close its consumers first`;
    throw new BusError("store", sentence, { refused: true });
  }

  #stateOf({ name, state }: Position): ConsumerState {
    const { keys, last, holder, known } = recordOf(name, state);
    const { behind, edge } = this.#parts.hub.lag(keys, last, known);
    return { name, channels: keys.map(channelOf), last, isHeld: holder !== undefined, behind, edge };
  }

  async #ready(): Promise<Positions> {
    const positions = this.#positions();
    await this.#parts.hub.ready();
    return positions;
  }

  #positions(): Positions {
    const { positions } = this.#parts;
    if (positions !== undefined) return positions;
    throw new BusError(
      "bad_option",
      "the store of this bus keeps no positions, which consumers need: use another store",
    );
  }
}

async function calling<T>(work: () => Promise<T>): Promise<T> {
  try {
    return await work();
  } catch (error) {
    throw asStoreError(error);
  }
}

function noTransactions(): BusError {
  return new BusError(
    "bad_option",
    "the store of this bus has no transactions for consumers: leave out transaction, or use nightbus/sqlite or nightbus/postgres",
  );
}

function stuck(name: string): BusError {
  const sentence = `the handler of the consumer ${given(name)} did not end within ${LONGEST_CLOSE / 1_000} s of the bus's end`;
  return new BusError("consumer", `${sentence}: end it when its signal aborts`);
}
