import { BusError } from "../../errors.ts";
import type { PendingRow, Store, StoreSink, Trimmed } from "../../store.ts";
import { awake } from "../shared/retry.ts";
import { failure } from "./failures.ts";
import { type Opened, openRedis, type RedisSettings } from "./open.ts";

/** The store on Redis. A script gives out the ids and adds the sends to a stream, in one step of the server. */
export class RedisStore implements Store {
  readonly maxRows = 1_000;
  /** An argument of Redis takes 512 MB, unless it was told otherwise, and what a script is given is in memory several times. */
  readonly maxBytes = 2 ** 26;
  readonly #settings: RedisSettings;
  #opening: Promise<Opened> | undefined;
  #opened: Opened | undefined;

  constructor(settings: RedisSettings) {
    this.#settings = settings;
  }

  async open(sink: StoreSink): Promise<void> {
    if (this.#opening !== undefined)
      throw new BusError("store", "this store serves another bus: share that bus, or make another store");
    this.#opening = awake(sink.clock, () => openRedis(this.#settings, sink));
    this.#opened = await this.#opening;
  }

  now(): number {
    return this.#there().time.now();
  }

  async append(sends: readonly (readonly PendingRow[])[]): Promise<readonly (readonly number[])[]> {
    const { clock, commits } = this.#there();
    try {
      return await awake(clock, () => commits.append(sends));
    } catch (error) {
      throw failure("Redis could not commit", error);
    }
  }

  async sync(): Promise<void> {
    const { clock, catchUp } = this.#there();
    try {
      await awake(clock, catchUp);
    } catch (error) {
      throw failure("Redis could not read what was committed", error);
    }
  }

  trim(trimmed: Trimmed): void {
    this.#there().trimmer.add(trimmed);
  }

  async close(): Promise<void> {
    const { clock, close } = this.#there();
    try {
      await awake(clock, close);
    } catch (error) {
      throw failure("Redis could not tidy up while closing, and will at the next opening", error);
    }
  }

  #there(): Opened {
    if (this.#opened === undefined) throw new Error("a store is used only after it has opened");
    return this.#opened;
  }
}
