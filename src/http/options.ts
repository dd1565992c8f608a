import { BusError, given } from "../errors.ts";
import type { Named, NameOf, Tuple } from "../notification.ts";
import type { Presence } from "../presence/presence.ts";
import type { InputOf } from "../schema.ts";
import { checkCallback, checkNames, checkPort, withDefaults } from "../util/validate.ts";

/** An entry of a remote client, which can only name a string channel. */
export type RemoteEntry = readonly [channel: string, message: unknown];

/** The result of a `channels` hook. */
export type Granted<C extends object> = readonly (string | Tuple<NameOf<C>>)[];

/**
 * The entries that a `send` hook returns: `readonly Entry<C>[]`, in a form that keeps the literal names of a hook
 * written in place.
 */
export type Allowed<C extends object> = readonly {
  [N in keyof C & string]: readonly [channel: Named<N> | Tuple<Named<N>>, message: InputOf<C[N]>];
}[keyof C & string][];

/** The pages of other origins that may use a mount. */
export interface Cors {
  /** The origins: one, several, `"*"` for all, or a function that decides. */
  readonly origin: string | readonly string[] | ((origin: string) => boolean);
  /** True if requests carry cookies. Never with `"*"`. */
  readonly credentials?: boolean;
  /** The time for which a browser may remember the permission, in seconds. */
  readonly maxAge?: number;
}

/** A hook that returns the channels of a client, for the names that it asked for. */
export type ChannelsHook<C extends object, Context, Options = Readonly<Record<string, unknown>>> = (
  requested: readonly string[],
  context: Context,
  options: Options,
) => Granted<C> | Promise<Granted<C>>;

/** The limits that mounts and WebSockets share. */
export interface MountLimits {
  /** The lookback of a client of Odoo's without a position, in ms. Default: 50,000. */
  readonly lookback?: number;
  /** The longest name of a channel, in UTF-16 units. Default: 256. */
  readonly maxChannelLength?: number;
  /** The longest time in which a body must arrive, in ms. A late client is answered 408 and hung up on. Default: 10,000. */
  readonly bodyTimeout?: number;
  /**
   * The longest time of a hook, in ms. Afterwards its client is answered 503 with the code `hook_timeout`, or its socket closes with
   * 1013. The bus emits `error`, and a late answer of the hook is dropped. Default: 10,000.
   */
  readonly hookTimeout?: number;
  /**
   * The most text of one answer, in UTF-16 units. A first send that is larger still comes whole. A client asks for the
   * rest, as after `limit`. Default: 1 Mi.
   */
  readonly maxAnswer?: number;
  /**
   * The most bytes that the clients of this mount have yet to take. Bytes that several clients share count once. Beyond
   * it the mount answers 503 and ends streams and sockets that lag. Default: 64 MiB.
   */
  readonly maxUnsent?: number;
  /** The time in which a client must take some of its bytes, in ms. Otherwise its connection ends. Default: 30,000. */
  readonly unsentTimeout?: number;
  /** The most unsent bytes of a stream or a socket. That of a slower client is closed, and the client resumes. Default: 1 MiB. */
  readonly maxBuffered?: number;
}

/** The options of a mount. `Context` is the framework's own request. */
export interface MountOptions<C extends object, Context> extends MountLimits {
  /**
   * Returns the channels that this client reads, for the names that it asked for. Add private tuples for its user, drop
   * names, or throw an error with `status` 401 or 403 to refuse. The hook runs once for a poll or a stream, before
   * anything is read. Without a hook, clients read the string channels that they ask for. `options` are those of a
   * JSON-RPC client.
   */
  readonly channels?: ChannelsHook<C, Context>;
  /**
   * Decides on a send of a client: true allows it, false refuses it, and entries replace it, with tuples too. Without
   * this hook the route `send` does not exist.
   */
  readonly send?: (
    entries: readonly RemoteEntry[],
    context: Context,
  ) => boolean | Allowed<C> | Promise<boolean | Allowed<C>>;
  /**
   * The presence of the bus, made by `presence` of `nightbus/presence`. Polls and streams are then connections of the
   * person that its `member` hook names, and the routes `presence` and `im_status` exist. Default: none.
   */
  readonly presence?: Presence<Context>;
  /**
   * Returns the user of a request, undefined for a stranger. A client's `Idempotency-Key` counts for its user alone. Without
   * this hook all clients are strangers, who share their keys.
   */
  readonly user?: (context: Context) => string | number | undefined | Promise<string | number | undefined>;
  /**
   * The whole path of the mount, as requests name it. Each route is one segment below it. A segment such as `:room`
   * stands for any. Default: the place that the host names (Express, Fastify, Hono, connect, polka, koa-mount, Nest),
   * else the root.
   */
  readonly prefix?: string;
  /** The longest poll, in ms. Default: 50,000. */
  readonly timeout?: number;
  /** The pause between two writes to a quiet stream, in ms above 0. Default: 15,000. */
  readonly heartbeat?: number;
  /** The longest life of a stream, in ms. Its client then comes back through the hook. Default: 30 minutes. */
  readonly maxAge?: number;
  /** The most channels of one request. Default: 100. */
  readonly maxChannels?: number;
  /** The most bytes of a request's body. Default: 256 KiB, enough for the names of 100 channels. */
  readonly maxBody?: number;
  /**
   * The most requests of this mount that wait: in a hook, for the store, parked, streaming, or for their client to take
   * bytes. Further requests are answered 503. Default: 10,000.
   */
  readonly maxWaiting?: number;
  /**
   * A document that the route `asyncapi` answers as JSON, such as `asyncapi(bus, …)` of `nightbus/asyncapi` returns. Without
   * it the route does not exist.
   */
  readonly asyncapi?: object;
  /** The other origins whose pages may use the mount. Default: none. */
  readonly cors?: Cors;
}

/** The options of a mount with their defaults. */
export type CheckedOptions<C extends object, Context> = MountOptions<C, Context> &
  Required<Pick<MountOptions<C, Context>, Defaults>> & {
    /** Returns true for the path of the mount; undefined if the host names the place. */
    readonly isAt: ((path: string) => boolean) | undefined;
  };

type Defaults = keyof typeof DEFAULTS;

/** The limits that mounts and WebSockets share, if the application sets none. */
export const LIMITS = {
  lookback: 50_000,
  maxChannelLength: 256,
  bodyTimeout: 10_000,
  hookTimeout: 10_000,
  maxAnswer: 2 ** 20,
  maxUnsent: 64 * 2 ** 20,
  unsentTimeout: 30_000,
  maxBuffered: 2 ** 20,
} as const;

const DEFAULTS = {
  ...LIMITS,
  timeout: 50_000,
  heartbeat: 15_000,
  maxAge: 30 * 60_000,
  maxChannels: 100,
  maxBody: 256 * 1024,
  maxWaiting: 10_000,
} as const;

/** Checks the options of a mount, and adds the defaults. Throws `bad_option`. */
export function checkOptions<C extends object, Context>(options: MountOptions<C, Context>): CheckedOptions<C, Context> {
  const others = ["channels", "send", "user", "presence", "asyncapi", "prefix", "cors"];
  checkNames("a mount", options, [...Object.keys(DEFAULTS), ...others]);
  const checked = withDefaults(DEFAULTS, options);
  for (const name of Object.keys(DEFAULTS) as Defaults[]) checkNumber(name, checked[name]);
  if (checked.heartbeat === 0) {
    throw new BusError("bad_option", "heartbeat must be a number of ms above 0 (Infinity for none), got 0");
  }
  checkCallback("channels", options.channels);
  checkCallback("send", options.send);
  checkCallback("user", options.user);
  if (options.presence !== undefined) {
    checkPort("presence", options.presence, "join", "what presence(bus, options) of nightbus/presence returns");
  }
  if (options.asyncapi !== undefined && typeof options.asyncapi !== "object") {
    throw new BusError("bad_option", `asyncapi must be a document, got ${given(options.asyncapi)}`);
  }
  if (options.prefix !== undefined) checkPath("prefix", options.prefix, "/longpolling");
  if (options.cors !== undefined) checkCors(options.cors);
  return { ...checked, isAt: options.prefix === undefined ? undefined : matching(options.prefix) };
}

/** Returns true if a path begins with a prefix, in which a segment such as `:room` stands for any. */
function matching(prefix: string): (path: string) => boolean {
  if (!prefix.includes("/:")) return (path) => path === prefix;
  const wanted = prefix.split("/");
  return (path) => {
    const segments = path.split("/");
    if (segments.length !== wanted.length) return false;
    return wanted.every((one, index) => (one.startsWith(":") ? segments[index] !== "" : one === segments[index]));
  };
}

/** Throws `bad_option` unless the value is a number from 0 up. */
export function checkNumber(name: string, value: unknown): void {
  if (typeof value === "number" && value >= 0) return;
  throw new BusError("bad_option", `${name} must be a number from 0 up, got ${given(value)}`);
}

/** Throws `bad_option` unless the value is a path without a slash at its end. */
export function checkPath(name: string, path: unknown, example: string): void {
  if (typeof path === "string" && /^\/.*[^/]$/.test(path)) return;
  throw new BusError(
    "bad_option",
    `${name} must begin with a slash and not end with one, as "${example}", got ${given(path)}`,
  );
}

/** Throws `bad_option` unless the value names origins, and grants no credentials to all. */
export function checkCors({ origin, credentials }: Cors): void {
  const list = typeof origin === "string" ? [origin] : origin;
  const known = typeof list === "function" || (Array.isArray(list) && list.every((one) => typeof one === "string"));
  if (!known) {
    throw new BusError(
      "bad_option",
      `cors.origin must be an origin, a list of them or a function, got ${given(origin)}`,
    );
  }
  if (credentials !== true || typeof list === "function" || !list.includes("*")) return;
  throw new BusError(
    "bad_option",
    'cors.credentials needs named origins: with "*" every page could read as its visitor',
  );
}
