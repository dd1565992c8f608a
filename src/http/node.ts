import type { IncomingMessage, ServerResponse } from "node:http";
import type { Bus } from "../bus.ts";
import { Endpoint, notFound } from "./endpoint.ts";
import { NodeRequest, reply } from "./node-host.ts";
import type { MountOptions } from "./options.ts";

export type { Allowed, Cors, Granted, MountOptions, RemoteEntry } from "./options.ts";

/**
 * The bus on a server of `node:http`, and on whatever hands on its pair of objects:
 * `http.createServer(mount(bus, options))`. A path that is none of its routes goes to `next`, or is answered 404.
 * Throws `bad_option`.
 */
export function mount<C extends object, Request extends IncomingMessage = IncomingMessage>(
  bus: Bus<C>,
  options: MountOptions<C, Request> = {},
): (request: Request, response: ServerResponse, next?: (error?: unknown) => void) => Promise<void> {
  const endpoint = new Endpoint(bus, options);
  return async (request, response, next) => {
    const answer = await endpoint.handle(new NodeRequest(request, response), request);
    if (answer === undefined && next !== undefined) {
      next();
      return;
    }
    try {
      reply(response, answer ?? notFound());
    } catch (error) {
      if (next === undefined) response.destroy();
      else next(error);
    }
  };
}
