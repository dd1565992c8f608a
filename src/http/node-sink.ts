import type { ServerResponse } from "node:http";
import type { Sink } from "./request.ts";

/** A response of Node's, as a stream writes to it. */
export class NodeSink implements Sink {
  readonly #response: ServerResponse;

  constructor(response: ServerResponse) {
    this.#response = response;
  }

  get unsent(): number {
    return this.#response.writableLength;
  }

  write(bytes: Uint8Array): boolean {
    return this.#response.write(bytes);
  }

  // When the client goes instead there is nothing to go on with, and its going is told elsewhere.
  drained(callback: () => void): void {
    if (this.#response.writableNeedDrain) this.#response.once("drain", callback);
    else process.nextTick(callback);
  }

  end(): void {
    this.#response.end();
  }

  destroy(): void {
    this.#response.destroy();
  }
}
