import type { Bucket, Due } from "../../util/deadlines.ts";
import type { Outlet } from "./outlet.ts";
import type { Reading } from "./pieces.ts";
import { writePieces } from "./write-pieces.ts";

/** The bytes and the client of one answer. */
export interface DeliveryOptions {
  readonly outlet: Outlet;
  /** The bytes or pieces that it holds until its end. */
  readonly held: unknown;
  /** Receives failures in a later turn of the event loop. */
  readonly failed: (thrown: unknown) => void;
  /** Called once, when the client has taken everything or has gone. */
  readonly over: () => void;
  /** The time by which its turn on the connection has to come, by the monotonic clock. */
  readonly turnBy: number;
}

/** One answer on its way to a client. */
export class Delivery implements Due {
  bucket: Bucket | undefined = undefined;
  slot = 0;
  readonly held: unknown;
  readonly outlet: Outlet;
  readonly turnBy: number;
  readonly #failed: (thrown: unknown) => void;
  readonly #over: () => void;
  #isOver = false;

  constructor({ outlet, held, failed, over, turnBy }: DeliveryOptions) {
    this.held = held;
    this.outlet = outlet;
    this.turnBy = turnBy;
    this.#failed = failed;
    this.#over = over;
  }

  /** Writes the pieces, and ends. */
  write(read: Reading): void {
    const guard = (work: () => void): void => this.#guard(work);
    writePieces({ outlet: this.outlet, read, guard, done: () => this.#end() });
  }

  /** Ends the connection of a client that takes nothing. */
  giveUp(): void {
    this.outlet.sink.destroy();
    this.stop();
  }

  /** Notes that the client has gone, or has taken everything. A second call does nothing. */
  stop(): void {
    if (this.#isOver) return;
    this.#isOver = true;
    this.#over();
  }

  #end(): void {
    const { sink } = this.outlet;
    sink.end();
    if (sink.unsent === 0) this.stop(); // otherwise the host reports the end of the response
  }

  #guard(work: () => void): void {
    if (this.#isOver) return;
    try {
      this.outlet.movedAt();
      work();
    } catch (thrown) {
      this.giveUp();
      this.#failed(thrown);
    }
  }
}
