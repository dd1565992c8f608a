import { BusError, given } from "../errors.ts";
import type { NameOf, Tuple } from "../notification.ts";
import { checkNames } from "../util/validate.ts";

/** An entry as a remote client may send it: only to a string channel. */
export type RemoteEntry = readonly [channel: string, message: unknown];

/** What a `channels` hook returns. */
export type Granted<C extends object> = readonly (string | Tuple<NameOf<C>>)[];

/**
 * Entries that a `send` hook returns. It is `readonly Entry<C>[]` in a form in which TypeScript keeps the literal names of a hook
 * written in place.
 */
export type Allowed<C extends object> = readonly {
  [N in NameOf<C>]: readonly [channel: N | Tuple<N>, message: C[N]];
}[NameOf<C>][];

/** Who may use a mount from a page of another origin. */
export interface Cors {
  /** The origins: one, several, `"*"` for all, or a function that says. */
  readonly origin: string | readonly string[] | ((origin: string) => boolean);
  /** Whether cookies go along. Never with `"*"`. */
  readonly credentials?: boolean;
  /** How long a browser may remember the permission, in seconds. */
  readonly maxAge?: number;
}

/** What an application says about its mount. `Context` is the framework's own request. */
export interface MountOptions<C extends object, Context> {
  /**
   * The channels that this client reads, given the names that it asked for: add private tuples for its user, drop names, or
   * throw an error with `status` 401 or 403 to refuse. Runs once for a poll or a stream, before anything is read. Without it clients read
   * the string channels that they ask for. `options` are those of a JSON-RPC client.
   */
  readonly channels?: (
    requested: readonly string[],
    context: Context,
    options: Readonly<Record<string, unknown>>,
  ) => Granted<C> | Promise<Granted<C>>;
  /**
   * What this client may send: true allows it, false refuses it, entries replace it (and may name tuples). Without it the route
   * `send` does not exist.
   */
  readonly send?: (
    entries: readonly RemoteEntry[],
    context: Context,
  ) => boolean | Allowed<C> | Promise<boolean | Allowed<C>>;
  /**
   * The whole path of the mount, as requests name it. Each route is one segment below it. A segment such as `:room` stands for any.
   * Default: where the host says that the mount is (Express, Fastify, Hono, connect, polka, koa-mount, Nest), else the root.
   */
  readonly prefix?: string;
  /** The longest poll, in ms. Default: 50,000. */
  readonly timeout?: number;
  /** How often a stream to which nothing happens is written to, in ms above 0. Default: 15,000. */
  readonly heartbeat?: number;
  /** How long a stream may last, in ms; its client then comes back through the hook. Default: 30 minutes. */
  readonly maxAge?: number;
  /** How far back a first poll of a JSON-RPC client reads, in ms. Default: 50,000. */
  readonly lookback?: number;
  /** The most channels of one request. Default: 100. */
  readonly maxChannels?: number;
  /** The longest name of a channel, in UTF-16 units. Default: 256. */
  readonly maxChannelLength?: number;
  /** The most bytes of a request's body. Default: 256 KiB, in which the names of 100 channels fit. */
  readonly maxBody?: number;
  /** How long a body may take to come, in ms; then its client is answered 408 and hung up on. Default: 10,000. */
  readonly bodyTimeout?: number;
  /**
   * The longest time of a hook, in ms; then its client is answered 503 with the code `hook_timeout`, the bus's `error` is told, and what
   * the hook answers later is dropped. Default: 10,000.
   */
  readonly hookTimeout?: number;
  /**
   * The most requests of this mount that wait: in a hook, for the store, parked, streaming, or for their client to take the answer. More
   * are answered 503. Default: 10,000.
   */
  readonly maxWaiting?: number;
  /**
   * The most text of one answer, in UTF-16 units. A first send that is larger still comes whole. A client asks for the rest, as
   * after `limit`. Default: 1 Mi.
   */
  readonly maxAnswer?: number;
  /**
   * The most bytes that the clients of this mount have yet to take. Bytes that several clients share count once. Beyond it the mount
   * answers 503 and ends streams that lag. Default: 64 MiB.
   */
  readonly maxUnsent?: number;
  /** The time in which a client must take some of its bytes, in ms; else its connection ends. Default: 30,000. */
  readonly unsentTimeout?: number;
  /** The most unsent bytes of a stream whose client is slow; then it is closed, and the client resumes. Default: 1 MiB. */
  readonly maxBuffered?: number;
  readonly cors?: Cors;
}

export type CheckedOptions<C extends object, Context> = MountOptions<C, Context> &
  Required<Pick<MountOptions<C, Context>, Defaults>> & {
    /** True for the path of the mount; undefined if the host says it. */
    readonly isAt: ((path: string) => boolean) | undefined;
  };

type Defaults = keyof typeof DEFAULTS;

const DEFAULTS = {
  timeout: 50_000,
  heartbeat: 15_000,
  maxAge: 30 * 60_000,
  lookback: 50_000,
  maxChannels: 100,
  maxChannelLength: 256,
  maxBody: 256 * 1024,
  bodyTimeout: 10_000,
  hookTimeout: 10_000,
  maxWaiting: 10_000,
  maxAnswer: 2 ** 20,
  maxUnsent: 64 * 2 ** 20,
  unsentTimeout: 30_000,
  maxBuffered: 2 ** 20,
} as const;

/** Checks what the application gave. Throws `bad_option`. */
export function checkOptions<C extends object, Context>(options: MountOptions<C, Context>): CheckedOptions<C, Context> {
  checkNames("a mount", options, [...Object.keys(DEFAULTS), "channels", "send", "prefix", "cors"]);
  const checked = { ...DEFAULTS, ...options };
  for (const name of Object.keys(DEFAULTS) as Defaults[]) checkNumber(name, checked[name]);
  if (checked.heartbeat === 0) {
    throw new BusError("bad_option", "heartbeat must be a number of ms above 0 (Infinity for none), got 0");
  }
  checkFunction("channels", options.channels);
  checkFunction("send", options.send);
  checkPrefix(options.prefix);
  if (options.cors !== undefined) checkCors(options.cors);
  return { ...checked, isAt: options.prefix === undefined ? undefined : matching(options.prefix) };
}

/** Compares with a prefix, of which a segment such as `:room` stands for any. */
function matching(prefix: string): (path: string) => boolean {
  if (!prefix.includes("/:")) return (path) => path === prefix;
  const wanted = prefix.split("/");
  return (path) => {
    const segments = path.split("/");
    if (segments.length !== wanted.length) return false;
    return wanted.every((one, index) => (one.startsWith(":") ? segments[index] !== "" : one === segments[index]));
  };
}

function checkNumber(name: string, value: unknown): void {
  if (typeof value === "number" && value >= 0) return;
  throw new BusError("bad_option", `${name} must be a number from 0 up, got ${given(value)}`);
}

function checkFunction(name: string, value: unknown): void {
  if (value === undefined || typeof value === "function") return;
  throw new BusError("bad_option", `${name} must be a function, got ${given(value)}`);
}

function checkPrefix(prefix: unknown): void {
  if (prefix === undefined || (typeof prefix === "string" && /^\/.*[^/]$/.test(prefix))) return;
  throw new BusError(
    "bad_option",
    `prefix must begin with a slash and not end with one, as "/longpolling", got ${given(prefix)}`,
  );
}

function checkCors({ origin, credentials }: Cors): void {
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
