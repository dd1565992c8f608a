import type { IncomingMessage, ServerResponse } from "node:http";
import type { Socket } from "node:net";
import { LoneSignal } from "../../util/abort.ts";

/**
 * The signal of a client that has gone. The signal watches the response from its first listener on, because a poll that
 * is answered at once has none.
 */
export class GoneSignal extends LoneSignal {
  readonly #request: IncomingMessage;
  readonly #response: ServerResponse;
  #isWatching = false;

  constructor(request: IncomingMessage, response: ServerResponse) {
    super();
    this.#request = request;
    this.#response = response;
  }

  override addEventListener(...[type, listener]: Parameters<LoneSignal["addEventListener"]>): void {
    super.addEventListener(type, listener);
    this.#watch();
  }

  override attach<T>(aborted: (item: T, reason: unknown) => void, item: T): void {
    super.attach(aborted, item);
    this.#watch();
  }

  #watch(): void {
    if (this.#isWatching) return;
    this.#isWatching = true;
    onceClosed(this.#request, this.#response, () => {
      if (!this.#response.writableEnded) this.abort(new Error("the client has gone"));
    });
  }
}

/** Reads the body of a request that has none by its method. Node would not see the end of a connection behind unread bytes. */
function readOn(request: IncomingMessage): void {
  const { method, headers, readableDidRead } = request;
  if ((method !== "GET" && method !== "HEAD") || readableDidRead) return;
  if (headers["content-length"] !== undefined || headers["transfer-encoding"] !== undefined) request.resume();
}

/** Calls back once, when a response has closed or its client has gone. The call comes at once if that has happened. */
export function onceClosed(request: IncomingMessage, response: ServerResponse, callback: () => void): void {
  readOn(request);
  // HTTP/2 has no response.destroyed.
  if (response.destroyed || request.socket.destroyed) callback();
  else if (response.socket === null) onceEitherClosed(request.socket, response, callback);
  else response.on("close", callback); // `once` would cost 200 bytes a stream
}

/** A pipelined response has no socket before its turn. If its client goes before, the response does not close. */
function onceEitherClosed(socket: Socket, response: ServerResponse, callback: () => void): void {
  const closed = (): void => {
    response.off("close", closed);
    socket.off("close", closed);
    callback();
  };
  response.on("close", closed);
  socket.setMaxListeners(0).on("close", closed); // a client may pipeline any number of requests
}
