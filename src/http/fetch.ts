import type { Bus } from "../bus.ts";
import { Endpoint, notFound } from "./endpoint.ts";
import { FetchRequest, response } from "./hosts/fetch-host.ts";
import type { MountOptions } from "./options.ts";

export type { Allowed, Cors, Granted, MountOptions, RemoteEntry } from "./options.ts";

/** What nightbus uses of Bun's server. */
interface BunServer<R> {
  timeout(request: R, seconds: number): void;
}

/**
 * The bus for whatever speaks in Request and Response: Next.js, h3, Bun, Deno. `const handler = mount(bus, { prefix: "/longpolling" })`
 * takes a request and resolves with the response; without a prefix it is mounted at the root. On Bun hand on the server too, so that it does not end polls that idle.
 * A path that is none of its routes is answered 404. Throws `bad_option`.
 */
export function mount<C extends object, R extends Request = Request>(
  bus: Bus<C>,
  options: MountOptions<C, R> = {},
): (request: R, server?: unknown) => Promise<Response> {
  const endpoint = new Endpoint(bus, options);
  return async (request, server) => {
    if (isBun<R>(server)) server.timeout(request, 0);
    const answer = await endpoint.handle(new FetchRequest(request, ""), request);
    return response(answer ?? notFound(), request, endpoint);
  };
}

// Other hosts hand on something else here, such as the parameters of the route.
function isBun<R>(server: unknown): server is BunServer<R> {
  return typeof (Object(server) as { timeout?: unknown }).timeout === "function";
}
