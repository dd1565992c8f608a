import { BusError, given } from "../errors.ts";
import { checkNames } from "../input.ts";
import type { Store } from "../store.ts";
import type { NatsConnection } from "./nats/driver.ts";
import { NatsStore } from "./nats/store.ts";

export type { NatsConnection } from "./nats/driver.ts";

/** How NATS connects: the options of connect() in `@nats-io/transport-node`. */
export type NatsConfig = Readonly<Record<string, unknown>>;

export interface NatsOptions {
  /** The stream, which is made if it is missing, with the subjects `<stream>.log` and `<stream>.marks`. Default: `"nightbus"`. */
  readonly stream?: string;
  /** On how many servers of a cluster the stream is kept when it is made. Default: 1. */
  readonly replicas?: number;
}

/**
 * Keeps a bus's notifications in a stream of NATS JetStream, where any number of processes on any machines share them: a URL (or
 * several, with commas between), options of `@nats-io/transport-node`, or the application's own connection, which is not closed. A
 * store serves one bus. Throws `bad_option`; a server that cannot be reached makes the bus reject with `store`.
 */
export function nats(connection: string | NatsConfig | NatsConnection, options: NatsOptions = {}): Store {
  checkNames("nats", options, ["stream", "replicas"]);
  const { stream = "nightbus", replicas = 1 } = options;
  if (typeof stream !== "string" || !/^[\w-]{1,200}$/.test(stream)) {
    throw new BusError("bad_option", `stream must be a name of letters, digits, - and _, got ${given(stream)}`);
  }
  if (![1, 2, 3, 4, 5].includes(replicas)) {
    throw new BusError("bad_option", `replicas must be an integer from 1 to 5, got ${given(replicas)}`);
  }
  return new NatsStore({ source: sourceOf(connection), stream, replicas });
}

// What was given may hold a password, so it is not said.
function sourceOf(connection: unknown): string | object {
  if (typeof connection === "string" && connection !== "") return connection;
  if (typeof connection === "object" && connection !== null) return connection;
  throw new BusError(
    "bad_option",
    "the connection must be a URL, options of NATS's connect() or a connection of its client",
  );
}
