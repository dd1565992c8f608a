import type { ServerResponse } from "node:http";
import type { Socket } from "node:net";
import type { Writable } from "node:stream";
import { chunkOf } from "../endpoint/chunks.ts";
import type { Sink } from "../endpoint/request.ts";
import { chunkedSocketOf } from "./chunked-socket.ts";

/** A Node response as a sink. */
export class NodeSink implements Sink {
  readonly #response: ServerResponse;
  /** The socket to which the newest chunk went; null if it went through the response, and undefined before the first. */
  #socket: Socket | null | undefined = undefined;

  constructor(response: ServerResponse) {
    this.#response = response;
  }

  get unsent(): number {
    return this.#response.writableLength;
  }

  get waitsForTurn(): boolean {
    return this.#response.socket === null && !this.#response.writableFinished;
  }

  // The first write sends the head as well, so that it goes through the response.
  write(bytes: Uint8Array): boolean {
    this.#socket = this.#socket === undefined ? null : chunkedSocketOf(this.#response);
    return this.#socket === null ? this.#response.write(bytes) : this.#socket.write(chunkOf(bytes));
  }

  // A client that goes instead is reported elsewhere, and has nothing to go on with.
  drained(callback: () => void): void {
    if (needsDrain(this.#response)) this.#response.once("drain", callback);
    else if (this.#socket?.writableNeedDrain) this.#socket.once("drain", callback);
    else process.nextTick(callback);
  }

  end(): void {
    this.#response.end();
  }

  destroy(): void {
    const { waitsForTurn } = this;
    this.#response.destroy();
    if (waitsForTurn) this.#response.req.socket.destroy(); // Node keeps its bytes until its turn
  }
}

// An HTTP/2 response does not say it, but its stream does.
function needsDrain(response: ServerResponse & { readonly stream?: Writable }): boolean {
  return (response.stream ?? response).writableNeedDrain;
}
