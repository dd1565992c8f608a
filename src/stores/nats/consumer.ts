import type { Connection } from "./connection.ts";
import type { NatsMessage } from "./driver.ts";
import type { Stream } from "./stream.ts";
import { type Beginning, timeOf } from "./wire.ts";

/** The parts that a consumer needs. */
export interface ConsumerOptions {
  readonly connection: Connection;
  readonly stream: Stream;
  /** Takes each message of the stream, in order. */
  readonly onMessage: (message: NatsMessage, delivery: Delivery) => void;
  /** Called when the delivery ends, or leaves a message out. */
  readonly onBreak: () => void;
}

/** The server's facts about a message that it delivers. */
export interface Delivery {
  /** The message's number in the stream. */
  readonly seq: number;
  /** The time of storing, in ms by the server's clock. Undefined if the server does not tell. */
  readonly at: number | undefined;
  /** The number of messages behind it that the server still has to deliver. */
  readonly pending: number;
}

/** Receives the messages of a stream, from one on, until one is missing. */
export class Consumer {
  readonly #options: ConsumerOptions;
  #count = 0;
  #stop: (() => void) | undefined;

  constructor(options: ConsumerOptions) {
    this.#options = options;
  }

  /** Starts the delivery from this message on. Some may come before it resolves. Rejects as `Connection.ask` does. */
  async start(from: number): Promise<Beginning> {
    const { connection, stream, onBreak } = this.#options;
    const { address, stop } = connection.subscribe(
      (message) => this.#receive(message),
      () => this.#break(),
    );
    this.#stop = stop;
    try {
      return await stream.consume(address, from);
    } catch (error) {
      onBreak();
      this.stop();
      throw error;
    }
  }

  stop(): void {
    this.#stop?.();
    this.#stop = undefined;
  }

  #receive(message: NatsMessage): void {
    if (this.#stop === undefined) return;
    if (message.headers?.code === 100) this.#keepUp(message);
    const place = placeOf(message.reply ?? "");
    if (place === undefined) return;
    this.#count += 1;
    if (place.count === this.#count) this.#options.onMessage(message, place);
    else this.#break();
  }

  // The server sends no more until it hears that this much was received.
  #keepUp(message: NatsMessage): void {
    const stalled = message.headers?.get("Nats-Consumer-Stalled") ?? "";
    if (stalled !== "") this.#options.connection.publishEmpty(stalled);
    else if (message.reply !== undefined && message.reply !== "") message.respond();
  }

  #break(): void {
    this.stop();
    this.#options.onBreak();
  }
}

/** Reads the place of a message from the address for its acknowledgement: in the stream, and in this delivery. */
function placeOf(reply: string): (Delivery & { readonly count: number }) | undefined {
  const tokens = reply.split(".");
  if (tokens[0] !== "$JS" || tokens[1] !== "ACK" || tokens.length < 9) return undefined;
  const start = tokens.length === 9 ? 5 : 7; // newer servers put a domain and an account first
  const [seq, count, nanoseconds, pending] = tokens.slice(start, start + 4).map(Number);
  return { seq: seq!, count: count!, at: timeOf(nanoseconds! / 1e6), pending: pending! };
}
