import type { IncomingMessage, ServerResponse } from "node:http";

/** What nightbus uses of a Fastify request. */
export interface FastifyRequest {
  readonly raw: IncomingMessage;
  readonly body: unknown;
}

/** What nightbus uses of a Fastify reply. */
export interface FastifyReply {
  readonly raw: ServerResponse;
  getHeaders(): Record<string, number | string | string[] | undefined>;
  callNotFound(): unknown;
  hijack(): unknown;
}

/** What nightbus uses of a Fastify instance. */
export interface FastifyInstance {
  /** The path below which the plugin is registered. */
  readonly prefix: string;
  addHook(name: "preClose", hook: () => Promise<void>): unknown;
  removeAllContentTypeParsers(): unknown;
  addContentTypeParser(type: string, parser: (request: unknown, payload: unknown) => Promise<unknown>): unknown;
  all(path: string, handler: never): unknown;
}
