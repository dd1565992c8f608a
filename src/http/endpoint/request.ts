import type { Signal } from "../../util/abort.ts";
import type { Wait } from "./waits.ts";

/** A request, whatever the host that it came through. */
export interface EndpointRequest {
  readonly method: string;
  /** The path alone, as it was asked for. */
  readonly path: string;
  /** The beginning of the path at which the host has mounted the bus; empty for the root. */
  readonly mount: string;
  /** What follows the question mark; empty where there is none. */
  readonly query: string;
  /** A header by its lower-case name. */
  header(name: string): string | undefined;
  /** The body: text, or what a framework has made of it. Throws or rejects with a Refusal when it is beyond the limits. */
  body(limits: BodyLimits): RequestBody | Promise<RequestBody>;
  /** Aborted when the client has gone. */
  readonly signal: Signal;
}

/** What bounds the reading of a body. */
export interface BodyLimits {
  /** The most bytes. */
  readonly maxBody: number;
  /** A body begins to come. Calls back once, when it has not come in time. */
  coming(late: () => void): Coming;
  /** It has come, or is not waited for any more. Twice is once. */
  came(coming: Coming): void;
}

/** A body that is being read. */
export type Coming = Wait;

export type RequestBody = { readonly text: string } | { readonly parsed: unknown };

/** Where a stream writes, whatever the host. */
export interface Sink {
  /** Hands bytes on in one piece; false when `drained` should be waited for before more comes. Nothing after the end. */
  write(bytes: Uint8Array): boolean;
  /** The bytes that the client has not taken yet. */
  readonly unsent: number;
  /** Set where only pulling tells what was taken, and nothing tells of what was unsent at the end. */
  readonly isPulled?: true;
  /** Calls back once, when what was written has been taken. */
  drained(callback: () => void): void;
  /** Ends the answer after what was written. */
  end(): void;
  /** Ends the connection at once. */
  destroy(): void;
}

/** A body that goes on: it is given a sink, and returns what is to be called when the client has gone. */
export type StreamingBody = (sink: Sink) => () => void;

/** What is answered, whatever the host that it goes through. */
export interface EndpointReply {
  readonly status: number;
  readonly headers: Readonly<Record<string, string>>;
  /** Bytes, whose length the headers say, or a body that goes on; undefined for none. */
  readonly body: Uint8Array<ArrayBuffer> | StreamingBody | undefined;
}
