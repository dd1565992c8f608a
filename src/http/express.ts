/**
 * Mounts a bus on Express 4 and 5.
 *
 * @module nightbus/express
 */

import type { IncomingMessage, ServerResponse } from "node:http";
import type { Bus } from "../bus.ts";
import { mount as mountOnNode } from "./node.ts";
import type { MountOptions } from "./options.ts";

export type { Allowed, ChannelsHook, Cors, Granted, MountLimits, MountOptions, RemoteEntry } from "./options.ts";

/**
 * Mounts the bus on Express 4 or 5: `app.use("/longpolling", mount(bus, options))`, before or behind `express.json()`.
 * Hooks get Express's request. A path that is no route of the mount goes to `next`. Throws `bad_option`.
 */
export function mount<C extends object, Request extends IncomingMessage = IncomingMessage>(
  bus: Bus<C>,
  options: MountOptions<C, Request> = {},
): (request: Request, response: ServerResponse, next: (error?: unknown) => void) => Promise<void> {
  return mountOnNode(bus, options);
}
