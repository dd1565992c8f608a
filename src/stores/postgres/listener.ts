import { type Clock, keepAlive, type Timer } from "../../util/clock.ts";
import { Pauses, withTimeout } from "../shared/retry.ts";
import { ask } from "./ask.ts";
import type { PgOwnClient } from "./driver.ts";

/** The parts that a listener needs. */
export interface ListenerOptions {
  readonly clock: Clock;
  /** Makes a client, not connected yet. */
  readonly make: () => Promise<PgOwnClient>;
  /** The name to LISTEN to, quoted. */
  readonly channel: string;
  /** Takes the payload of each notification. */
  readonly onNotification: (payload: string) => void;
  /** Called whenever it begins to listen. The commits before that have to be read. */
  readonly onListening: () => void;
  /** Called when a connection cannot be made. */
  readonly onFailure: (error: unknown) => void;
}

/** A connection that hears of commits. The listener connects again after each loss, and keeps no process alive. */
export class Listener {
  readonly #options: ListenerOptions;
  readonly #pauses = new Pauses();
  #client: PgOwnClient | undefined;
  #timer: Timer | undefined;
  #stopped = false;

  constructor(options: ListenerOptions) {
    this.#options = options;
  }

  /** The connection, while it listens. */
  get client(): PgOwnClient | undefined {
    return this.#client;
  }

  /** Connects, with retries that never end. Resolves after the first try. Never rejects. */
  async start(): Promise<void> {
    try {
      await this.#connect();
    } catch (error) {
      this.#options.onFailure(error);
      this.#again();
    }
  }

  /** Gives up the present connection, and makes another after a pause. Without a connection, it does nothing. */
  renew(): void {
    const client = this.#client;
    this.#client = undefined;
    if (client === undefined) return;
    void goodbye(this.#options.clock, client);
    this.#again();
  }

  async stop(): Promise<void> {
    this.#stopped = true;
    this.#options.clock.clearTimeout(this.#timer);
    const client = this.#client;
    if (client === undefined) return;
    await goodbye(this.#options.clock, client);
  }

  async #connect(): Promise<void> {
    const { clock, make, channel, onNotification, onListening } = this.#options;
    const client = await make();
    let lost = false;
    client.on("error", () => {}); // the event `end` follows
    client.on("end", () => {
      lost = true;
      if (this.#client === client) this.renew();
    });
    client.on("notification", ({ payload = "" }) => onNotification(payload));
    try {
      await client.connect();
      await ask(client, `listen ${channel}`);
    } catch (error) {
      void goodbye(clock, client);
      throw error;
    }
    if (this.#stopped || lost) {
      void goodbye(clock, client);
      if (lost) this.#again();
      return;
    }
    client.unref();
    this.#pauses.reset();
    this.#client = client;
    onListening();
  }

  #again(): void {
    if (this.#stopped) return;
    this.#timer = this.#options.clock.setTimeout(() => void this.start(), this.#pauses.take());
    keepAlive(this.#timer, false);
  }
}

/** Ends a client that may be dead, or was never connected. Its socket closes even without a goodbye of the server. */
async function goodbye(clock: Clock, client: PgOwnClient): Promise<void> {
  await withTimeout(
    clock,
    client.end().catch(() => {}), // a dead client rejects
  );
  client.connection?.stream?.destroy?.();
}
