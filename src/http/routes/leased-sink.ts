import type { Sink } from "../endpoint/request.ts";

/** A sink whose end is the end of a lease. The host tells of the end only once the client has taken everything. */
export class LeasedSink implements Sink {
  readonly #sink: Sink;
  readonly #ended: () => void;

  constructor(sink: Sink, ended: () => void) {
    this.#sink = sink;
    this.#ended = ended;
  }

  get unsent(): number {
    return this.#sink.unsent;
  }

  get waitsForTurn(): boolean {
    return this.#sink.waitsForTurn === true;
  }

  write(bytes: Uint8Array): boolean {
    return this.#sink.write(bytes);
  }

  drained(callback: () => void): void {
    this.#sink.drained(callback);
  }

  end(): void {
    this.#sink.end();
    this.#ended();
  }

  destroy(): void {
    this.#sink.destroy();
    this.#ended();
  }
}
