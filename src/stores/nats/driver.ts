import { asError, BusError } from "../../errors.ts";

/** What nightbus uses of a connection of `@nats-io/transport-node`, be it the application's or its own. */
export interface NatsConnection {
  readonly info?: { readonly max_payload: number; readonly server_id: string } | undefined;
  subscribe(
    subject: string,
    options: { readonly callback: (error: Error | null, message: NatsMessage) => void },
  ): Subscription;
  status(): AsyncIterable<{ readonly type: string }>;
  isClosed(): boolean;
  close(): Promise<void>;
}

/** A message as it was delivered. */
export interface NatsMessage {
  readonly subject: string;
  readonly reply?: string;
  readonly headers?: { get(name: string): string; readonly code: number };
  string(): string;
  respond(): boolean;
}

interface Subscription {
  unsubscribe(): void;
}

/** What a stream says of itself. */
export interface StreamInfo {
  readonly created: string;
  readonly config: { readonly subjects: readonly string[]; readonly sealed?: boolean };
  readonly state: { readonly last_seq: number; readonly messages: number };
}

/** What nightbus uses of a manager of JetStream. */
export interface Manager {
  readonly streams: {
    info(stream: string): Promise<StreamInfo>;
    add(config: object): Promise<unknown>;
    purge(stream: string, options: { readonly filter: string; readonly seq: number }): Promise<unknown>;
    getMessage(
      stream: string,
      query: { readonly seq: number },
    ): Promise<{ readonly header: { get(name: string): string } } | null>;
    deleteMessage(stream: string, seq: number, erase: boolean): Promise<unknown>;
  };
  readonly consumers: {
    add(stream: string, config: object): Promise<{ readonly name: string; readonly num_pending: number }>;
    delete(stream: string, name: string): Promise<unknown>;
  };
  jetstream(): {
    publish(
      subject: string,
      payload: string,
      options: object,
    ): Promise<{ readonly seq: number; readonly duplicate: boolean }>;
  };
}

/** The packages of NATS, as far as they are used. */
interface Packages {
  connect(options: object): Promise<NatsConnection>;
  headers(): { set(name: string, value: string): void };
  createInbox(): string;
  jetstreamManager(connection: NatsConnection, options: object): Promise<Manager>;
}

/** Connections are given up on after so many ms, and requests. */
const TIMEOUT = 2_000;

/** A connection of nightbus's own notices within five seconds that nobody answers, and comes back without waiting long. */
const OWN = {
  timeout: TIMEOUT,
  pingInterval: 2_000,
  maxPingOut: 2,
  maxReconnectAttempts: -1,
  reconnectTimeWait: 100,
  reconnectJitter: 100,
  reconnectJitterTLS: 100,
  noAsyncTraces: true, // a stack for each request, whether it fails or not, would cost more than the request
};

/** A connection, and the doors of the packages that it is used through. */
export interface Driver {
  readonly connection: NatsConnection;
  readonly isOurs: boolean;
  readonly manager: Manager;
  headers(values: Readonly<Record<string, string>>): object;
  inbox(): string;
}

/** Connects, or uses the application's connection. Rejects as the packages do, or with `store` where they are missing. */
export async function driverOf(source: string | object): Promise<Driver> {
  const { connect, headers, createInbox, jetstreamManager } = await load();
  const isOurs = !isConnection(source);
  const options = typeof source === "string" ? { servers: source.split(",") } : source;
  const connection = isConnection(source) ? source : await connect({ ...OWN, ...options });
  try {
    const manager = await jetstreamManager(connection, { timeout: TIMEOUT, checkAPI: false });
    return {
      connection,
      isOurs,
      manager,
      inbox: createInbox,
      headers(values) {
        const made = headers();
        for (const [name, value] of Object.entries(values)) made.set(name, value);
        return made;
      },
    };
  } catch (error) {
    if (isOurs) await connection.close();
    throw error;
  }
}

/** Whether this is a connection, as far as can be seen. */
export function isConnection(source: unknown): source is NatsConnection {
  const { subscribe, status } = Object(source) as Partial<NatsConnection>;
  return typeof subscribe === "function" && typeof status === "function";
}

async function load(): Promise<Packages> {
  try {
    const [{ connect, headers, createInbox }, { jetstreamManager }] = await Promise.all([
      import("@nats-io/transport-node"),
      import("@nats-io/jetstream"),
    ]);
    return { connect, headers, createInbox, jetstreamManager } as unknown as Packages; // nightbus's own description of them
  } catch (cause) {
    const sentence = isMissing(cause)
      ? 'nightbus/nats needs the client of NATS: run "npm install @nats-io/transport-node@3 @nats-io/jetstream@3"'
      : `the client of NATS could not be loaded: ${asError(cause).message}`;
    throw new BusError("store", sentence, { cause, refused: true });
  }
}

function isMissing(error: unknown): boolean {
  return (error as { code?: unknown }).code === "ERR_MODULE_NOT_FOUND";
}
