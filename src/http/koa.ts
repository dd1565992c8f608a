/** Mounts a bus on Koa. @module nightbus/koa */

import type { Bus } from "../bus.ts";
import { Endpoint } from "./endpoint.ts";
import type { KoaContext } from "./hosts/koa-types.ts";
import { NodeRequest, reply } from "./hosts/node-host.ts";
import type { MountOptions } from "./options.ts";

export type { KoaContext } from "./hosts/koa-types.ts";
export type { Allowed, ChannelsHook, Cors, Granted, MountLimits, MountOptions, RemoteEntry } from "./options.ts";

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
