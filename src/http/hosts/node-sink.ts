import type { ServerResponse } from "node:http";
import type { Writable } from "node:stream";
import type { Sink } from "../endpoint/request.ts";

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
    if (needsDrain(this.#response)) this.#response.once("drain", callback);
    else process.nextTick(callback);
  }

  end(): void {
    this.#response.end();
  }

  destroy(): void {
    this.#response.destroy();
  }
}

// A response of HTTP/2 does not say it, but the stream below does.
function needsDrain(response: ServerResponse & { readonly stream?: Writable }): boolean {
  return (response.stream ?? response).writableNeedDrain;
}
