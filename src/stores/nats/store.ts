import { BusError } from "../../errors.ts";
import type { PendingRow, Store, StoreSink, Trimmed } from "../../store.ts";
import { awake } from "../shared/patience.ts";
import { failure } from "./failures.ts";
import { type NatsSettings, type Opened, openNats } from "./open.ts";

/** What a message of NATS holds at most, unless the server was told otherwise. */
const USUAL_BYTES = 2 ** 20 - 2 ** 14;

/** The store on NATS JetStream. A message is one commit, and is accepted only right after the one that its sender knows. */
export class NatsStore implements Store {
  readonly maxRows = 1_000;
  readonly #settings: NatsSettings;
  #isUsed = false;
  #opened: Opened | undefined;

  constructor(settings: NatsSettings) {
    this.#settings = settings;
  }

  get maxBytes(): number {
    return this.#opened?.stream.maxBytes ?? USUAL_BYTES;
  }

  async open(sink: StoreSink): Promise<void> {
    if (this.#isUsed)
      throw new BusError("store", "this store serves another bus: share that bus, or make another store");
    this.#isUsed = true;
    this.#opened = await awake(sink.clock, () => openNats(this.#settings, sink));
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
