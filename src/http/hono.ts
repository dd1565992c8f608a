/** Mounts a bus on Hono. @module nightbus/hono */

import type { Bus } from "../bus.ts";
import { Endpoint } from "./endpoint.ts";
import { letIdle } from "./hosts/bun.ts";
import { FetchRequest, response } from "./hosts/fetch-host.ts";
import type { HonoContext } from "./hosts/hono-types.ts";
import type { MountOptions } from "./options.ts";

export type { HonoContext } from "./hosts/hono-types.ts";
export type { Allowed, ChannelsHook, Cors, Granted, MountLimits, MountOptions, RemoteEntry } from "./options.ts";

/**
 * Mounts the bus on Hono: `app.all("/longpolling/*", mount(bus, options))`. A pattern such as `/lp/:room/*` needs
 * `prefix` besides. Hooks get Hono's context. A path that is no route of the mount goes to the next handler. Throws
 * `bad_option`.
 */
export function mount<C extends object, Context extends HonoContext = HonoContext>(
  bus: Bus<C>,
  options: MountOptions<C, Context> = {},
): (context: Context, next: () => Promise<void>) => Promise<Response | undefined> {
  const endpoint = new Endpoint(bus, options);
  return async (context, next) => {
    const { req, env } = context;
    letIdle(req.raw, env);
    const answer = await endpoint.handle(new FetchRequest(req.raw, mountOf(req.routePath), () => req.text()), context);
    if (answer !== undefined) return response(answer, req.raw, endpoint);
    await next();
    return undefined;
  };
}

/** Returns the mount's place in a Hono route: `/longpolling/*` means `/longpolling`. All other routes count as the root. */
function mountOf(route: string): string {
  return route.endsWith("/*") ? route.slice(0, -2) : "";
}
