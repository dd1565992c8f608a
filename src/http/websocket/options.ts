import { BusError, given } from "../../errors.ts";
import type { Channel } from "../../notification.ts";
import type { Presence } from "../../presence/presence.ts";
import { checkCallback, checkNames, checkPort, withDefaults } from "../../util/validate.ts";
import {
  type ChannelsHook,
  type Cors,
  checkCors,
  checkNumber,
  checkPath,
  LIMITS,
  type MountLimits,
} from "../options.ts";

/** A record whose presence a client asks for, as in `odoo-presence-res.partner_3`. */
export interface PresenceTarget {
  /** The name of the record's model, such as `res.partner`. */
  readonly model: string;
  /** The id of the record. */
  readonly id: number;
  /** The proof that the client may see it, from version 19 on. The application checks it. */
  readonly token?: string;
}

/** The part of a subscription that is no channel. */
export interface SubscribeOptions {
  /** The records whose presence the client asks for. Grant one by the tuple `[model, id, "presence"]`. */
  readonly presence: readonly PresenceTarget[];
}

/** A value that stands for one user. */
export type User = string | number;

/** The options of the WebSockets of a bus. `Context` is the request that asked for the upgrade. */
export interface WebsocketOptions<C extends object, Context> extends MountLimits {
  /**
   * Returns the channels that this client reads, for the names that it asked for. Asked at each subscription, whose list replaces
   * the one before. An error with `status` 401 closes the socket with 4001. An answer that is late closes it with 1013. After any
   * other failure it keeps its list, and a fault closes it with 1011 if it has none yet.
   * Default: the names themselves, and nobody's presence.
   */
  readonly channels?: ChannelsHook<C, Context, SubscribeOptions>;
  /** Returns the user of a socket, for `maxSocketsPerUser` and `onMissed`. Undefined is not counted. Asked once, before the handshake. */
  readonly user?: (context: Context) => User | undefined | Promise<User | undefined>;
  /**
   * Returns false if the session of a client has ended: its socket closes with 4001. Asked at each frame of the client, and
   * before each write of notifications.
   */
  readonly alive?: (context: Context) => boolean;
  /**
   * The version of the pages that the server hands out, or a function that decides on one. A client of another version is closed
   * for good, with the reason `OUTDATED_VERSION`. Default: every version.
   */
  readonly version?: string | ((version: string | undefined) => boolean);
  /** The path of the socket. The routes beside it are one segment below. Default: `/websocket`. */
  readonly path?: string;
  /** The other origins whose pages may open sockets. A socket carries cookies, but never to `"*"`. Default: none. */
  readonly cors?: Cors;
  /** Hears that a client missed notifications on some of these channels. The socket itself cannot tell it. */
  readonly onMissed?: (user: User | undefined, channels: readonly Channel[], context: Context) => void;
  /**
   * The presence of the bus, made by `presence` of `nightbus/presence`. Each socket is a connection of the person that its `member`
   * hook names, asked when the client first subscribes or reports. A failure of the hook is told as one of `channels`.
   */
  readonly presence?: Presence<Context>;
  /** The silence of a client after which the server pings, in ms. Default: 45,000, and 40,000 for version 19. */
  readonly heartbeat?: number;
  /** The shortest life of a socket that is open long, in ms. Chance adds up to half as much. Default: 60 minutes. */
  readonly maxAge?: number;
  /** The most channels of one subscription. Default: 1,000. */
  readonly maxChannels?: number;
  /** The most bytes of a frame, or of a request's body. A larger frame closes the socket with 1009. Default: 1 MiB. */
  readonly maxBody?: number;
  /** The most subscriptions and requests that wait for a hook or the store. A further one closes its socket with 1013. Default: 10,000. */
  readonly maxWaiting?: number;
  /** The most open sockets. Further handshakes are answered 503. Default: 10,000. */
  readonly maxSockets?: number;
  /** The most open sockets of one user. Further handshakes are answered 429. Default: 100. */
  readonly maxSocketsPerUser?: number;
}

const DEFAULTS = {
  ...LIMITS,
  maxAge: 60 * 60_000,
  maxChannels: 1_000,
  maxBody: 2 ** 20,
  maxWaiting: 10_000,
  maxSockets: 10_000,
  maxSocketsPerUser: 100,
} as const;

type Defaults = keyof typeof DEFAULTS;

const HOOKS = ["channels", "user", "alive", "onMissed"] as const;

/** The options with their defaults. */
export type CheckedOptions<C extends object, Context> = WebsocketOptions<C, Context> &
  Required<Pick<WebsocketOptions<C, Context>, Defaults | "path">>;

/** Checks the options of WebSockets, and adds the defaults. Throws `bad_option`. */
export function checkOptions<C extends object, Context>(
  options: WebsocketOptions<C, Context>,
): CheckedOptions<C, Context> {
  const others = ["version", "path", "cors", "presence", "heartbeat"];
  checkNames("websocket", options, [...Object.keys(DEFAULTS), ...HOOKS, ...others]);
  const checked = withDefaults({ ...DEFAULTS, path: "/websocket" }, options);
  for (const name of Object.keys(DEFAULTS) as Defaults[]) checkNumber(name, checked[name]);
  for (const name of HOOKS) checkCallback(name, options[name]);
  checkPath("path", checked.path, "/websocket");
  if (options.cors !== undefined) checkCors(options.cors);
  if (options.presence !== undefined) {
    checkPort("presence", options.presence, "join", "what presence(bus, options) of nightbus/presence returns");
  }
  const { version, heartbeat } = options;
  if (version !== undefined && typeof version !== "string" && typeof version !== "function") {
    throw new BusError("bad_option", `version must be a string such as "17.0-1", or a function, got ${given(version)}`);
  }
  if (heartbeat !== undefined) checkNumber("heartbeat", heartbeat);
  if (heartbeat === 0) {
    throw new BusError("bad_option", "heartbeat must be a number of ms above 0 (Infinity for none), got 0");
  }
  return checked;
}
