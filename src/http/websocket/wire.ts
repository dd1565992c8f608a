/** One WebSocket of a runtime's own library. Nothing of RFC 6455 is written in nightbus. */
export interface Wire {
  /** Sends bytes of UTF-8 as one text frame. Returns false if the caller should wait for `drained`. */
  send(bytes: Uint8Array): boolean;
  /** The bytes that the client has not taken yet. */
  readonly unsent: number;
  /** Calls back once, after the client has taken everything that was written. */
  drained(callback: () => void): void;
  /** Sends a ping. Absent if the runtime pings by itself. */
  ping?(): void;
  /** Answers a ping. Absent if the library answers by itself, and bounds its answers. */
  pong?(): void;
  /** Ends the socket after the bytes that were written. A second call does nothing. */
  close(code: number, reason: string): void;
  /** Ends the connection at once. */
  terminate(): void;
}

/** The receiver of the frames of one WebSocket. */
export interface WireListener {
  /** Takes a text frame, or the bytes of a binary one. */
  frame(data: string | Uint8Array): void;
  /** Notes a ping. */
  pinged(): void;
  /** Notes a pong. */
  ponged(): void;
  /** Notes a frame that the library refuses. The library closes the socket with the code of the fault. */
  faulty(): void;
  /** Notes that the client has gone. A second call does nothing. */
  gone(): void;
}
