import type { ServerResponse } from "node:http";
import type { Writable } from "node:stream";
import type { Sink } from "../endpoint/request.ts";

/** A Node response as a sink. */
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

  // A client that goes instead is reported elsewhere, and has nothing to go on with.
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

// An HTTP/2 response does not say it, but its stream does.
function needsDrain(response: ServerResponse & { readonly stream?: Writable }): boolean {
  return (response.stream ?? response).writableNeedDrain;
}
