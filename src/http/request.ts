/** A request, whatever the host that it came through. */
export interface EndpointRequest {
  readonly method: string;
  /** The path alone, as it was asked for. */
  readonly path: string;
  /** What follows the question mark; empty where there is none. */
  readonly query: string;
  /** A header by its lower-case name. */
  header(name: string): string | undefined;
  /** The body: text, or what a framework has made of it. Rejects with a Refusal when there are more bytes than the limit. */
  body(limit: number): Promise<RequestBody>;
  /** Aborted when the client has gone. */
  readonly signal: AbortSignal;
}

export type RequestBody = { readonly text: string } | { readonly parsed: unknown };

/** What is answered, whatever the host that it goes through. */
export interface EndpointReply {
  readonly status: number;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string;
}
