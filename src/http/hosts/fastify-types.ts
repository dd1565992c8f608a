import type { IncomingMessage, ServerResponse } from "node:http";

/** The part of a Fastify request that nightbus uses. */
export interface FastifyRequest {
  /** The request of Node. */
  readonly raw: IncomingMessage;
  /** The body, if a parser of the application has read it. */
  readonly body: unknown;
}

/** The part of a Fastify reply that nightbus uses. */
export interface FastifyReply {
  /** The response of Node, which the mount writes. */
  readonly raw: ServerResponse;
  /** Returns the headers that hooks of the application have set. */
  getHeaders(): Record<string, number | string | string[] | undefined>;
  /** Answers 404 in the way of the application. */
  callNotFound(): this;
  /** Leaves the response to the mount. */
  hijack(): unknown;
}

/** The part of a Fastify instance that nightbus uses. */
export interface FastifyInstance {
  /** The path below which the plugin is registered. */
  readonly prefix: string;
  /** Adds a hook for the end of the application. */
  addHook(name: "preClose", hook: () => Promise<void>): unknown;
  /** Removes the parsers of bodies within the plugin, since the mount reads bodies itself. */
  removeAllContentTypeParsers(): unknown;
  /** Adds a parser of bodies within the plugin. */
  addContentTypeParser(type: string, parser: (request: unknown, payload: unknown) => Promise<unknown>): unknown;
  /** Adds a route for all methods. */
  all(path: string, handler: never): unknown;
}
