import type { EndpointReply } from "./request.ts";

type Headers = EndpointReply["headers"];

/** An answer of JSON text. Polls with the same answer share one, and with it everything that hosts make of the text. */
export class JsonReply implements EndpointReply {
  readonly status: number;
  readonly text: string;
  /** The headers without the length. Nothing writes into them, so that many replies share them. */
  readonly standing: Headers;
  /** The bytes with their head, as a host wrote them last. */
  written: Written | undefined = undefined;
  #body: Buffer<ArrayBuffer> | undefined = undefined;

  constructor(status: number, text: string, standing: Headers) {
    this.status = status;
    this.text = text;
    this.standing = standing;
  }

  get body(): Buffer<ArrayBuffer> {
    this.#body ??= Buffer.from(this.text);
    return this.#body;
  }

  /** All headers, as an object of the caller's own, because middleware may write into them. */
  get headers(): Headers {
    // The length comes first: adding a property to an object after a spread costs fifteen times as much.
    return { "Content-Length": String(this.body.length), ...this.standing };
  }
}

/** A head and a body in one piece. */
export interface Written {
  /** The form of the head, by identity. */
  readonly form: object;
  readonly head: string;
  readonly bytes: Buffer;
}

/** Returns a reply with further headers. */
export function withHeaders(reply: EndpointReply, headers: Headers): EndpointReply {
  return { status: reply.status, headers: { ...reply.headers, ...headers }, body: reply.body };
}
