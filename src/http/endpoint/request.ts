import type { Signal } from "../../util/abort.ts";
import type { Wait } from "./waits.ts";

/** A request, independent of its host. */
export interface EndpointRequest {
  readonly method: string;
  /** The path without its query, as it was requested. */
  readonly path: string;
  /** The beginning of the path at which the host mounts the bus; empty for the root. */
  readonly mount: string;
  /** The query after the question mark; empty if there is none. */
  readonly query: string;
  /** Returns a header by its lower-case name. */
  header(name: string): string | undefined;
  /** Reads the body: text, or the value that a framework parsed. Throws or rejects with a Refusal beyond the limits. */
  body(limits: BodyLimits): RequestBody | Promise<RequestBody>;
  /** The signal is aborted when the client has gone. */
  readonly signal: Signal;
}

/** The bounds of reading a body. */
export interface BodyLimits {
  /** The most bytes. */
  readonly maxBody: number;
  /** Notes that a body begins to arrive. Calls back once if it does not arrive in time. */
  coming(late: () => void): Coming;
  /** Notes that the body has arrived, or that nobody waits for it. A second call does nothing. */
  came(coming: Coming): void;
}

/** A body that is being read. */
export type Coming = Wait;

/** The body of a request: its text, or the value that a framework parsed. */
export type RequestBody = { readonly text: string } | { readonly parsed: unknown };

/** The place where a stream writes, independent of the host. */
export interface Sink {
  /** Writes bytes in one piece. Returns false if the caller should wait for `drained`. Writes nothing after the end. */
  write(bytes: Uint8Array): boolean;
  /** The bytes that the client has not taken yet. */
  readonly unsent: number;
  /** True if the client cannot take anything yet, since earlier answers of its connection come first. */
  readonly waitsForTurn?: boolean;
  /** Calls back once, after the client has taken everything that was written. */
  drained(callback: () => void): void;
  /** Ends the answer after the bytes that were written. */
  end(): void;
  /** Ends the connection at once. */
  destroy(): void;
}

/**
 * A body that goes on. The function gets a sink, and returns a callback. The host calls it once nothing of the response is left to
 * take: the client took everything, has gone, or was given up.
 */
export type StreamingBody = (sink: Sink) => () => void;

/** An answer, independent of the host. */
export interface EndpointReply {
  readonly status: number;
  readonly headers: Readonly<Record<string, string>>;
  /** The body: bytes, whose length the headers state, or a body that goes on; undefined for none. */
  readonly body: Uint8Array<ArrayBuffer> | StreamingBody | undefined;
}
