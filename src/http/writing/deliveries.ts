import type { Clock } from "../../util/clock.ts";
import { Deadlines } from "../../util/deadlines.ts";
import type { Sink, StreamingBody } from "../endpoint/request.ts";
import { Delivery } from "./delivery.ts";
import { Outlet } from "./outlet.ts";
import type { Pieces } from "./pieces.ts";
import type { Unsent } from "./unsent.ts";
import { between } from "./write-pieces.ts";

/** The longest wait of an answer for its turn on a connection, in ms: longer than a poll, unless its mount says otherwise. */
const LONGEST_TURN = 60_000;

/** The bounds of answers on their way, and the receiver of failures. */
export interface DeliveriesOptions {
  readonly clock: Clock;
  readonly unsent: Unsent;
  /** The time in which a client must take some bytes, in ms. */
  readonly unsentTimeout: number;
  /** Receives failures in a later turn of the event loop. */
  readonly failed: (thrown: unknown) => void;
}

/** A text in pieces, with the beginning and the end of one answer. */
export interface Parts {
  readonly head: string;
  readonly pieces: Pieces;
  readonly tail: string;
  /** Names the rows: answers with the same rows share their bytes. Undefined for rows that belong to one client. */
  readonly window: string | undefined;
}

/** Rows that clients are being sent under one name. */
interface Window {
  readonly pieces: Pieces;
  /** The answers on their way by this name. Other names may have the same pieces. */
  answers: number;
}

/** Answers that clients have yet to take. Their deadlines share one timer. */
export class Deliveries {
  readonly #options: DeliveriesOptions;
  readonly #deadlines: Deadlines<Delivery>;
  readonly #windows = new Map<string, Window>();

  constructor(options: DeliveriesOptions) {
    this.#options = options;
    this.#deadlines = new Deadlines<Delivery>(options.clock, (due) => {
      for (const delivery of due) this.#judge(delivery);
    });
  }

  /** The number of answers on their way. */
  get size(): number {
    return this.#deadlines.size;
  }

  /** Throws a Refusal if this many bytes more are too many. Rows that other clients are being sent count already. */
  check(window: string | undefined, size: number): void {
    if (window === undefined || !this.#windows.has(window)) this.#options.unsent.check(size);
  }

  /** Returns a body in pieces, each written after the client took the one before. */
  body({ head, pieces: own, tail, window }: Parts): StreamingBody {
    return (sink) => {
      const pieces = window === undefined ? own : this.#shared(window, own);
      const delivery = this.#begin(sink, pieces, pieces.size, window);
      delivery.write(between(Buffer.from(head), pieces.read(), tail));
      return () => delivery.stop();
    };
  }

  /** Notes bytes that a client did not take at once. Returns a callback for the end of the response. */
  left(sink: Sink, bytes: Uint8Array): () => void {
    const delivery = this.#begin(sink, bytes, bytes.length);
    return () => delivery.stop();
  }

  #shared(name: string, own: Pieces): Pieces {
    const window = this.#windows.get(name) ?? { pieces: own, answers: 0 };
    this.#windows.set(name, window);
    window.answers += 1;
    return window.pieces;
  }

  #leave(name: string): void {
    const window = this.#windows.get(name)!; // each answer of this name entered it
    window.answers -= 1;
    if (window.answers === 0) this.#windows.delete(name);
  }

  #begin(sink: Sink, held: unknown, size: number, window?: string): Delivery {
    const { clock, unsent, unsentTimeout, failed } = this.#options;
    const outlet = new Outlet(sink, unsent, clock);
    const now = clock.monotonic();
    const over = (): void => this.#over(delivery, window);
    const delivery = new Delivery({ outlet, held, failed, over, turnBy: now + LONGEST_TURN });
    unsent.hold(held, size);
    this.#deadlines.add(delivery, now + unsentTimeout);
    return delivery;
  }

  #over(delivery: Delivery, window?: string): void {
    this.#deadlines.remove(delivery);
    this.#options.unsent.release(delivery.held);
    if (window !== undefined) this.#leave(window);
  }

  // A client cannot take an answer before its turn on the connection. A poll before it may take as long as a poll may.
  #judge(delivery: Delivery): void {
    const { clock, unsentTimeout } = this.#options;
    const { outlet, turnBy } = delivery;
    const now = clock.monotonic();
    const deadline = outlet.movedAt(outlet.sink.waitsForTurn === true && now < turnBy) + unsentTimeout;
    if (deadline > now) this.#deadlines.add(delivery, deadline);
    else delivery.giveUp();
  }
}
