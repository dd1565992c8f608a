import type { Bucket, Due } from "../waiters/deadlines.ts";
import { later } from "./later.ts";
import type { Outlet } from "./outlet.ts";
import type { Reading } from "./pieces.ts";

export interface DeliveryOptions {
  readonly outlet: Outlet;
  /** What it holds until it is over. */
  readonly held: unknown;
  /** Is told what fails in a later turn of the event loop. */
  readonly failed: (thrown: unknown) => void;
  /** Called once, when all is taken or the client has gone. */
  readonly over: () => void;
}

/** One answer on its way to a client. */
export class Delivery implements Due {
  bucket: Bucket | undefined = undefined;
  slot = 0;
  readonly held: unknown;
  readonly outlet: Outlet;
  readonly #failed: (thrown: unknown) => void;
  readonly #over: () => void;
  #isOver = false;

  constructor({ outlet, held, failed, over }: DeliveryOptions) {
    this.held = held;
    this.outlet = outlet;
    this.#failed = failed;
    this.#over = over;
  }

  /** Writes this piece by piece, and lets others come between two of them. */
  write(head: string, read: Reading, tail: string): void {
    let text: string | undefined = tail;
    const next = (): Uint8Array | undefined => {
      const piece = read();
      if (piece !== undefined || text === undefined) return piece;
      const end = Buffer.from(text);
      text = undefined;
      return end;
    };
    this.#write(Buffer.from(head), next);
  }

  /** Ends the connection of a client that takes nothing. */
  giveUp(): void {
    this.outlet.sink.destroy();
    this.stop();
  }

  /** The client has gone, or has taken all. Twice is once. */
  stop(): void {
    if (this.#isOver) return;
    this.#isOver = true;
    this.#over();
  }

  #write(piece: Uint8Array, next: () => Uint8Array | undefined): void {
    const goOn = (): void => later(() => this.#step(next));
    if (this.outlet.write(piece)) goOn();
    else this.outlet.sink.drained(goOn);
  }

  #step(next: () => Uint8Array | undefined): void {
    if (this.#isOver) return;
    try {
      this.outlet.movedAt();
      const piece = next();
      if (piece !== undefined) {
        this.#write(piece, next);
        return;
      }
      const { sink } = this.outlet;
      sink.end();
      if (sink.isPulled || sink.unsent === 0) this.stop(); // else the response tells that it has closed
    } catch (thrown) {
      this.giveUp();
      this.#failed(thrown);
    }
  }
}
