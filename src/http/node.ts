/**
 * Mounts a bus on `node:http`, and on the hosts that pass its request and response on.
 *
 * @module nightbus/node
 */

import type { IncomingMessage, ServerResponse } from "node:http";
import type { Bus } from "../bus.ts";
import { Endpoint, notFound } from "./endpoint.ts";
import { NodeRequest, replyOr } from "./hosts/node-host.ts";
import type { MountOptions } from "./options.ts";

export type { Allowed, ChannelsHook, Cors, Granted, MountLimits, MountOptions, RemoteEntry } from "./options.ts";

/**
 * Mounts the bus on a server of `node:http`: `http.createServer(mount(bus, options))`. Other hosts that pass its
 * request and response work too. The mount is at `prefix`, else at the place that connect, polka or Nest name, else at
 * the root. A path that is no route of the mount goes to `next`, or is answered 404. Throws `bad_option`.
 */
export function mount<C extends object, Request extends IncomingMessage = IncomingMessage>(
  bus: Bus<C>,
  options: MountOptions<C, Request> = {},
): (request: Request, response: ServerResponse, next?: (error?: unknown) => void) => Promise<void> {
  const endpoint = new Endpoint(bus, options);
  // The handler is not async, because every parked poll would hold one more promise.
  return (request, response, next) => {
    const answering = endpoint.handle(new NodeRequest(request, response), request);
    if (answering === undefined) return handOn(response, endpoint, next);
    return answering.then((answer) => replyOr(response, answer, endpoint, next));
  };
}

type Next = ((error?: unknown) => void) | undefined;

type Mounted = Parameters<typeof replyOr>[2];

async function handOn(response: ServerResponse, endpoint: Mounted, next: Next): Promise<void> {
  if (next === undefined) replyOr(response, notFound(), endpoint, next);
  else next();
}
