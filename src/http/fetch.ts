/**
 * Mounts a bus on hosts of the Fetch standard: Next.js, h3, Bun, Deno.
 *
 * @module nightbus/fetch
 */

import type { Bus } from "../bus.ts";
import { Endpoint, notFound } from "./endpoint.ts";
import { letIdle } from "./hosts/bun.ts";
import { FetchRequest, response } from "./hosts/fetch-host.ts";
import type { MountOptions } from "./options.ts";

export type { Allowed, ChannelsHook, Cors, Granted, MountLimits, MountOptions, RemoteEntry } from "./options.ts";

/**
 * Mounts the bus on hosts that speak Request and Response: Next.js, h3, Bun, Deno. `const handler = mount(bus, {
 * prefix: "/longpolling" })` takes a request and resolves with the response. Without a prefix the mount is at the root.
 * On Bun, pass the server too, so that Bun does not end idle polls. A path that is no route of the mount is answered
 * 404. Throws `bad_option`.
 */
export function mount<C extends object, R extends Request = Request>(
  bus: Bus<C>,
  options: MountOptions<C, R> = {},
): (request: R, server?: unknown) => Promise<Response> {
  const endpoint = new Endpoint(bus, options);
  return async (request, server) => {
    letIdle(request, server); // other hosts pass another second argument, such as the parameters of the route
    const answer = await endpoint.handle(new FetchRequest(request, ""), request);
    return response(answer ?? notFound(), request, endpoint);
  };
}
