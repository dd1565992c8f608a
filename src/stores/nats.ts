import { BusError, given } from "../errors.ts";
import type { Store } from "../store.ts";
import { checkNames } from "../util/validate.ts";
import type { Source } from "./nats/connection.ts";
import type { NatsConnection } from "./nats/driver.ts";
import { natsStore } from "./nats/store.ts";

export type { NatsConnection } from "./nats/driver.ts";

/** How `@nats-io/transport-node` connects: its ConnectionOptions. */
export type NatsConfig = Readonly<Record<string, unknown>>;

export interface NatsOptions {
  /** The stream, which is made if it is missing, with the subjects `<stream>.log` and `<stream>.marks`. A log is one stream. Default: `"nightbus"`. */
  readonly stream?: string;
  /** On how many servers of a cluster a stream is kept that is made. Default: 1. */
  readonly replicas?: number;
}

/**
 * Keeps a bus's notifications in a stream of NATS JetStream, where any number of processes on any machines share them: a URL,
 * options of `@nats-io/transport-node`, or the application's own NatsConnection, which is not closed. A store serves one bus.
 * Throws `bad_option`; a server that cannot be reached makes the bus reject with `store`.
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

// What was given may hold a password, so it is not said.
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

/** Options for a URL, or for several with commas between them. The client takes no user from a URL. */
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
