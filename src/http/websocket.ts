/**
 * Gives the notifications of a bus to WebSockets, as the clients of Odoo 16 to 19 speak them.
 *
 * @module nightbus/websocket
 */

import type { IncomingMessage, ServerResponse } from "node:http";
import type { Duplex } from "node:stream";
import type { Bus } from "../bus.ts";
import { isNode } from "../util/runtime.ts";
import { FetchRequest, response } from "./hosts/fetch-host.ts";
import { NodeRequest, replyOr } from "./hosts/node-host.ts";
import { Beside, notBeside } from "./websocket/beside.ts";
import type { BunWebSockets } from "./websocket/bun-types.ts";
import { bunHandlers } from "./websocket/bun-wire.ts";
import { upgradeOnFetch } from "./websocket/fetch-upgrade.ts";
import { NodeUpgrades } from "./websocket/node-upgrade.ts";
import { checkOptions, type WebsocketOptions } from "./websocket/options.ts";
import { Sockets } from "./websocket/sockets.ts";

export type { ChannelsHook, Cors, Granted, MountLimits } from "./options.ts";
export type { BunSocket, BunWebSockets } from "./websocket/bun-types.ts";
export {
  type OdooPartner,
  type OdooPartners,
  type OdooStatusChange,
  type OdooStatusEntries,
  type OdooStatuses,
  type OdooStatusUpdated,
  odooStatus,
} from "./websocket/odoo-status.ts";
export type { PresenceTarget, SubscribeOptions, User, WebsocketOptions } from "./websocket/options.ts";

/** The WebSockets of a bus, as hosts take them. No method needs its object. */
export interface Websockets {
  /**
   * Takes the upgrades of a server of Node: `server.on("upgrade", sockets.upgrade)`. Returns true for the path of the sockets. Any
   * other upgrade is left to other listeners, and answered 404 if none takes it.
   */
  readonly upgrade: (this: unknown, request: IncomingMessage, socket: Duplex, head: Buffer) => boolean;
  /** Answers the routes beside the socket on hosts of Node. Any other path goes to `next`, or is answered 404. */
  readonly handle: (
    request: IncomingMessage,
    response: ServerResponse,
    next?: (error?: unknown) => void,
  ) => Promise<void>;
  /**
   * Takes upgrades and routes on Bun and Deno. Resolves with undefined for any other path. Bun gives its server as second
   * argument, and `bun` as its option `websocket`.
   */
  readonly fetch: (request: Request, server?: unknown) => Promise<Response | undefined>;
  /** The handlers of Bun's sockets. */
  readonly bun: BunWebSockets;
  /** Closes all sockets with 1001, and refuses new ones. The end of the bus does it too. A second call does nothing. */
  readonly close: () => void;
}

/**
 * Gives the notifications of a bus to WebSockets. Hooks get the request that asked for the upgrade: of Node, or of the Fetch
 * standard on Bun and Deno. Node needs the package ws. Throws `bad_option`, also if ws is missing.
 */
export function websocket<C extends object, Context extends IncomingMessage | Request = IncomingMessage>(
  bus: Bus<C>,
  options: WebsocketOptions<C, Context> = {},
): Websockets {
  const sockets = new Sockets<C, Context>(bus, checkOptions(options));
  const beside = new Beside(sockets);
  let upgrades = isNode() ? new NodeUpgrades(sockets) : undefined;
  return {
    upgrade(request, socket, head) {
      upgrades ??= new NodeUpgrades(sockets);
      return upgrades.take(this, request, socket, head);
    },
    async handle(request, response, next) {
      const answer = await beside.handle(new NodeRequest(request, response), request as Context); // hooks name the request of their host
      if (answer !== undefined) replyOr(response, answer, beside, next);
      else if (next !== undefined) next();
      else replyOr(response, notBeside(), beside, next);
    },
    async fetch(request, server) {
      const context = request as Context; // hooks name the request of their host
      const asked = new FetchRequest(request, "");
      const isUpgrade = asked.path === sockets.options.path && asked.header("upgrade") !== undefined;
      if (isUpgrade) return upgradeOnFetch(sockets, request, context, server);
      const answer = await beside.handle(asked, context);
      return answer && response(answer, request, beside);
    },
    bun: bunHandlers(sockets),
    close: () => sockets.close(),
  };
}
