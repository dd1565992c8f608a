import type { Connection } from "./connection.ts";
import type { NatsMessage } from "./driver.ts";
import type { Stream } from "./stream.ts";
import { type Beginning, timeOf } from "./wire.ts";

export interface ConsumerOptions {
  readonly connection: Connection;
  readonly stream: Stream;
  /** Each message of the stream in order, with what the server says of it. */
  readonly heard: (message: NatsMessage, delivery: Delivery) => void;
  /** It will hear no more. */
  readonly broke: () => void;
}

/** The server's word on a message that it delivers. */
export interface Delivery {
  /** The message's number in the stream. */
  readonly seq: number;
  /** When it was stored, in ms by the server's clock; undefined where the server does not say. */
  readonly at: number | undefined;
  /** The number of messages behind it that are still to be delivered. */
  readonly pending: number;
}

/** Hears the messages of a stream from one on, until something is missing. */
export class Consumer {
  readonly #options: ConsumerOptions;
  #count = 0;
  #stop: (() => void) | undefined;

  constructor(options: ConsumerOptions) {
    this.#options = options;
  }

  /** Resolves when the messages from this one on are being delivered; some may have come before. Rejects as `Connection.ask` does. */
  async start(from: number): Promise<Beginning> {
    const { connection, stream, broke } = this.#options;
    const { address, stop } = connection.hear(
      (message) => this.#hear(message),
      () => this.#break(),
    );
    this.#stop = stop;
    try {
      return await stream.consume(address, from);
    } catch (error) {
      broke();
      this.stop();
      throw error;
    }
  }

  stop(): void {
    this.#stop?.();
    this.#stop = undefined;
  }

  #hear(message: NatsMessage): void {
    if (this.#stop === undefined) return;
    if (message.headers?.code === 100) this.#keepUp(message);
    const place = placeOf(message.reply ?? "");
    if (place === undefined) return;
    this.#count += 1;
    if (place.count === this.#count) this.#options.heard(message, place);
    else this.#break();
  }

  // The server sends no more before it is told that this much was taken in.
  #keepUp(message: NatsMessage): void {
    const stalled = message.headers?.get("Nats-Consumer-Stalled") ?? "";
    if (stalled !== "") this.#options.connection.say(stalled);
    else if (message.reply !== undefined && message.reply !== "") message.respond();
  }

  #break(): void {
    this.stop();
    this.#options.broke();
  }
}

/** Where a message stands, as the address for its acknowledgement tells: in the stream, and among those that were sent to us. */
function placeOf(reply: string): (Delivery & { readonly count: number }) | undefined {
  const tokens = reply.split(".");
  if (tokens[0] !== "$JS" || tokens[1] !== "ACK" || tokens.length < 9) return undefined;
  const start = tokens.length === 9 ? 5 : 7; // newer servers name a domain and an account before
  const [seq, count, nanoseconds, pending] = tokens.slice(start, start + 4).map(Number);
  return { seq: seq!, count: count!, at: timeOf(nanoseconds! / 1e6), pending: pending! };
}
