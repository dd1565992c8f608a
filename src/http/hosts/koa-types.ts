import type { IncomingMessage, ServerResponse } from "node:http";

/** The part of a Koa context that nightbus uses. */
export interface KoaContext {
  /** The request of Node. */
  readonly req: IncomingMessage;
  /** The response of Node, which the mount writes. */
  readonly res: ServerResponse;
  /** Koa's own request. A body parser may have left a body on it. */
  readonly request: object;
  /** The mount sets this to false, so that Koa leaves the response alone. */
  respond?: boolean | undefined;
}
