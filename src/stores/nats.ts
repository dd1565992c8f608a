/**
 * Keeps notifications in a stream of NATS JetStream, which processes on any machines share.
 *
 * @module nightbus/nats
 */

import { BusError, given } from "../errors.ts";
import type { Store } from "../store.ts";
import { checkNames } from "../util/validate.ts";
import type { Source } from "./nats/connection.ts";
import type { NatsConnection } from "./nats/driver.ts";
import { natsStore } from "./nats/store.ts";

export type { NatsConnection } from "./nats/driver.ts";

/** The ConnectionOptions of `@nats-io/transport-node`. */
export type NatsConfig = Readonly<Record<string, unknown>>;

/** Options of `nats`. */
export interface NatsOptions {
  /**
   * The name of the stream. A missing stream is made, with the subjects `<stream>.log` and `<stream>.marks`. Each stream is one
   * log. Default: `"nightbus"`.
   */
  readonly stream?: string;
  /** The number of servers that keep a new stream. Default: 1. */
  readonly replicas?: number;
}

/**
 * Keeps a bus's notifications in a stream of NATS JetStream. Any number of processes on any machines share them. The connection
 * is a URL, or options of `@nats-io/transport-node`, or the application's own NatsConnection, which the store does not close.
 * A store serves one bus. Throws `bad_option`. If the server cannot be reached, the bus rejects with `store`.
 */
export function nats(connection: string | NatsConfig | NatsConnection, options: NatsOptions = {}): Store {
  checkNames("nats", options, ["stream", "replicas"]);
  const { stream = "nightbus", replicas = 1 } = options;
  if (typeof stream !== "string" || !/^[\w-]{1,200}$/.test(stream)) {
    throw new BusError("bad_option", `stream must be a name of 1 to 200 letters, digits, - or _, got ${given(stream)}`);
  }
  if (!Number.isInteger(replicas) || replicas < 1 || replicas > 5) {
    throw new BusError("bad_option", `replicas must be a number from 1 to 5, got ${given(replicas)}`);
  }
  return natsStore({ source: sourceOf(connection), stream, replicas });
}

// The errors do not repeat the argument, since it may hold a password.
function sourceOf(connection: unknown): Source {
  if (typeof connection === "string" && connection !== "") return { config: configOf(connection) };
  if (typeof connection !== "object" || connection === null) {
    throw new BusError(
      "bad_option",
      "the connection must be a URL, options of @nats-io/transport-node or a NatsConnection",
    );
  }
  if (typeof (connection as Partial<NatsConnection>).subscribe !== "function") return { config: connection };
  return { native: connection as NatsConnection }; // as far as can be seen
}

/** Makes options of a URL, or of several with commas between them. The client itself takes no user from a URL. */
function configOf(text: string): object {
  const urls = text.split(",").map(urlOf);
  const { username, password } = urls[0]!; // a text has one part at least
  const servers = urls.map(({ host }) => host);
  const [user, pass] = [decodeURIComponent(username), decodeURIComponent(password)];
  const tls = urls.some(({ protocol }) => protocol === "tls:") ? { tls: {} } : {};
  if (user === "") return { servers, ...tls };
  return { servers, ...tls, ...(pass === "" ? { token: user } : { user, pass }) };
}

function urlOf(text: string): URL {
  try {
    return new URL(text.includes("://") ? text.trim() : `nats://${text.trim()}`);
  } catch {
    throw new BusError("bad_option", 'the connection must be a URL such as "nats://127.0.0.1:4222"');
  }
}
