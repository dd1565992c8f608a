/**
 * Mounts a bus on Koa.
 *
 * @module nightbus/koa
 */

import type { IncomingMessage, ServerResponse } from "node:http";
import type { Bus } from "../bus.ts";
import { Endpoint } from "./endpoint.ts";
import { NodeRequest, reply } from "./hosts/node-host.ts";
import type { MountOptions } from "./options.ts";

export type { Allowed, Cors, Granted, MountOptions, RemoteEntry } from "./options.ts";

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

/**
 * Mounts the bus on Koa: `app.use(mount(bus, { prefix: "/longpolling" }))`. Hooks get the context. A path that is no
 * route of the mount goes to `next`. Throws `bad_option`.
 */
export function mount<C extends object, Context extends KoaContext = KoaContext>(
  bus: Bus<C>,
  options: MountOptions<C, Context> = {},
): (context: Context, next: () => Promise<unknown>) => Promise<void> {
  const endpoint = new Endpoint(bus, options);
  return async (context, next) => {
    const { req, res, request } = context;
    const answer = await endpoint.handle(new NodeRequest(req, res, request), context);
    if (answer === undefined) {
      await next();
      return;
    }
    context.respond = false;
    reply(res, answer, endpoint);
  };
}
