/** The part of a WebSocket of Bun that nightbus uses. */
export interface BunSocket {
  /** The value that the upgrade gave to the socket. */
  readonly data: unknown;
  /** Sends text. Returns 0 if it was dropped, and -1 if it waits for the client. */
  sendText(text: string): number;
  /** Returns the bytes that the client has not taken yet. */
  getBufferedAmount(): number;
  /** Sends a ping. */
  ping(): number;
  /** Begins to close the socket. */
  close(code: number, reason: string): void;
  /** Ends the connection at once. */
  terminate(): void;
}

/** The handlers for the option `websocket` of `Bun.serve`. They leave sockets alone that others upgrade. */
export interface BunWebSockets {
  /** The most bytes of a frame. */
  readonly maxPayloadLength: number;
  /** 0, because the sockets of the bus have pings of their own. */
  readonly idleTimeout: number;
  /** The most bytes that wait for a client. The bus has bounds of its own below it. */
  readonly backpressureLimit: number;
  /** False, because Bun's pings do not tell the bus of a dead client. */
  readonly sendPings: boolean;
  /** Called when a socket has opened. */
  open(socket: BunSocket): void;
  /** Called for each frame of a client. */
  message(socket: BunSocket, data: string | Uint8Array): void;
  /** Called when a client has taken what waited for it. */
  drain(socket: BunSocket): void;
  /** Called for each ping of a client. */
  ping(socket: BunSocket): void;
  /** Called for each pong of a client. */
  pong(socket: BunSocket): void;
  /** Called when a socket has closed. */
  close(socket: BunSocket): void;
}
