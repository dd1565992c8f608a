import type { IncomingMessage, ServerResponse } from "node:http";

/** The part of a Fastify request that nightbus uses. */
export interface FastifyRequest {
  readonly raw: IncomingMessage;
  readonly body: unknown;
}

/** The part of a Fastify reply that nightbus uses. */
export interface FastifyReply {
  readonly raw: ServerResponse;
  getHeaders(): Record<string, number | string | string[] | undefined>;
  callNotFound(): unknown;
  hijack(): unknown;
}

/** The part of a Fastify instance that nightbus uses. */
export interface FastifyInstance {
  /** The path below which the plugin is registered. */
  readonly prefix: string;
  addHook(name: "preClose", hook: () => Promise<void>): unknown;
  removeAllContentTypeParsers(): unknown;
  addContentTypeParser(type: string, parser: (request: unknown, payload: unknown) => Promise<unknown>): unknown;
  all(path: string, handler: never): unknown;
}
