import { BusError } from "../../errors.ts";
import type { PendingRow, Store, StoreSink, Trimmed } from "../../store.ts";
import { awake } from "../shared/retry.ts";
import { failure } from "./failures.ts";
import { type NatsSettings, type Opened, openNats } from "./open.ts";

/** What rows take beside their text, at most, as a part of a message. */
const BESIDE = 0.1;

/** The store on NATS JetStream. Each commit is a message that follows the newest, or is refused, which makes the one order. */
export class NatsStore implements Store {
  readonly maxRows = 1_000;
  readonly #settings: NatsSettings;
  #opening: Promise<Opened> | undefined;
  #opened: Opened | undefined;

  constructor(settings: NatsSettings) {
    this.#settings = settings;
  }

  /** What the server takes in one message: its max_payload, which is 1 MiB unless it was set. */
  get maxBytes(): number {
    if (this.#opened === undefined) return Number.POSITIVE_INFINITY;
    return Math.max(1, Math.floor(this.#opened.stream.room * (1 - BESIDE)));
  }

  async open(sink: StoreSink): Promise<void> {
    if (this.#opening !== undefined)
      throw new BusError("store", "this store serves another bus: share that bus, or make another store");
    this.#opening = awake(sink.clock, () => openNats(this.#settings, sink));
    this.#opened = await this.#opening;
  }

  async append(sends: readonly (readonly PendingRow[])[]): Promise<readonly (readonly number[])[]> {
    const { clock, commits } = this.#there();
    try {
      return await awake(clock, () => commits.append(sends));
    } catch (error) {
      throw failure("NATS could not commit", error);
    }
  }

  async sync(): Promise<void> {
    const { clock, catchUp } = this.#there();
    try {
      await awake(clock, catchUp);
    } catch (error) {
      throw failure("NATS could not read what was committed", error);
    }
  }

  now(): number {
    return this.#there().time.now();
  }

  trim(trimmed: Trimmed): void {
    this.#there().trimmer.add(trimmed);
  }

  async close(): Promise<void> {
    const { clock, close } = this.#there();
    try {
      await awake(clock, close);
    } catch (error) {
      throw failure("NATS could not tidy up while closing, and will at the next opening", error);
    }
  }

  #there(): Opened {
    if (this.#opened === undefined) throw new Error("a store is used only after it has opened");
    return this.#opened;
  }
}
