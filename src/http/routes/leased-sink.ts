import type { Sink } from "../endpoint/request.ts";

/**
 * A sink whose end is the end of a lease. The host tells when a client goes, but not always when the server has ended
 * the stream.
 */
export class LeasedSink implements Sink {
  readonly isPulled?: true;
  readonly #sink: Sink;
  readonly #ended: () => void;

  constructor(sink: Sink, ended: () => void) {
    this.#sink = sink;
    this.#ended = ended;
    if (sink.isPulled !== undefined) this.isPulled = sink.isPulled;
  }

  get unsent(): number {
    return this.#sink.unsent;
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
