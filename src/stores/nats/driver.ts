import { asError, BusError } from "../../errors.ts";
import { LONGEST_TIMER } from "../../util/clock.ts";
import { isMissing } from "../shared/missing.ts";
import { movedOn } from "../shared/silence.ts";

/** The part of the headers of a message that nightbus uses. */
export interface NatsHeaders {
  readonly code: number;
  get(name: string): string;
  set(name: string, value: string): void;
}

/** The part of a message that nightbus uses. */
export interface NatsMessage {
  readonly subject: string;
  readonly data: Uint8Array;
  readonly reply?: string | undefined;
  readonly headers?: NatsHeaders | undefined;
  respond(): boolean;
}

/** The part of a NatsConnection that nightbus uses, the application's or its own. */
export interface NatsConnection {
  /** The server's facts about itself, once connected. `max_payload` is the most bytes of a message. */
  readonly info?: { readonly max_payload: number } | undefined;
  /** Calls back with each message of a subject, until `unsubscribe()`. */
  subscribe(
    subject: string,
    options: { callback(error: Error | null, message: NatsMessage): void },
  ): { unsubscribe(): void };
  /** Publishes an empty message. */
  publish(subject: string): void;
  /** Iterates over the changes of the connection, such as `reconnect`. */
  status(): AsyncIterable<{ readonly type: string }>;
  /** Resolves when the server has answered everything that was sent before. */
  flush(): Promise<void>;
  /** Breaks the connection off and makes a new one. */
  reconnect(): Promise<void>;
  /** True after the end of the connection. */
  isClosed(): boolean;
  /** Closes the connection for good. */
  close(): Promise<void>;
}

/** The configuration of a stream. */
export interface StreamConfig {
  readonly name: string;
  readonly description?: string;
  readonly subjects?: readonly string[];
  readonly retention: string;
  readonly storage: string;
  readonly discard: string;
  readonly max_msgs: number;
  readonly max_bytes: number;
  readonly max_age: number;
  readonly max_msgs_per_subject: number;
  readonly max_msg_size: number;
  readonly duplicate_window: number;
  readonly num_replicas: number;
  readonly allow_direct: boolean;
  readonly no_ack?: boolean;
  readonly sealed?: boolean;
  readonly deny_delete?: boolean;
  readonly deny_purge?: boolean;
  readonly mirror?: object;
}

/** The server's facts about a stream. */
export interface StreamInfo {
  /** The time of its creation, with up to nine digits of a second. */
  readonly created: string;
  readonly config: StreamConfig;
  readonly state: {
    readonly first_seq: number;
    readonly last_seq: number;
    /** The number of messages of each subject that was asked for. */
    readonly subjects?: Readonly<Record<string, number>>;
  };
}

/** A message in a stream. */
export interface StoredMessage {
  readonly subject: string;
  readonly seq: number;
  readonly data: Uint8Array;
  readonly header: Pick<NatsHeaders, "get">;
}

/** The part of the JetStream client and of its manager that nightbus uses. */
export interface JetStream {
  publish(
    subject: string,
    data: Uint8Array,
    options: { msgID?: string; timeout: number; headers: NatsHeaders; expect: { lastSubjectSequence: number } },
  ): Promise<{ readonly seq: number; readonly duplicate: boolean }>;
  readonly streams: {
    info(name: string, query?: { subjects_filter: string }): Promise<StreamInfo>;
    add(config: StreamConfig): Promise<StreamInfo>;
    update(name: string, config: Partial<StreamConfig>): Promise<StreamInfo>;
    purge(name: string, options: { filter: string; seq: number }): Promise<unknown>;
    getMessage(
      name: string,
      query: { seq: number; next_by_subj?: string } | { last_by_subj: string },
    ): Promise<StoredMessage | null>;
    deleteMessage(name: string, seq: number, erase: boolean): Promise<unknown>;
  };
  readonly consumers: {
    /** Resolves with the number of waiting messages, and the time of the creation. */
    add(stream: string, config: object): Promise<{ readonly num_pending: number; readonly created: string }>;
  };
}

/** The parts of the client's packages that nightbus needs. */
export interface Driver {
  readonly connect: (config: object) => Promise<NatsConnection>;
  readonly headers: () => NatsHeaders;
  readonly jetstream: (connection: NatsConnection) => Promise<JetStream>;
}

/** The longest silence before an answer, in ms. A longer one makes the connection count as dead. */
export const TIMEOUT = 2_000;

/** The timeout of the client itself, in ms. nightbus ends its own waits earlier, by the bytes that move. */
export const CLIENT_TIMEOUT = 150_000;

/** Loads the client. Rejects with `store`. */
export async function loadDriver(): Promise<Driver> {
  try {
    // Bundlers let a missing package pass where an import is awaited in place.
    const transport = await import("@nats-io/transport-node");
    const { jetstream, jetstreamManager } = await import("@nats-io/jetstream");
    return {
      connect: async (config) => (await transport.connect(withDefaults(config))) as NatsConnection,
      headers: () => transport.headers() as NatsHeaders,
      async jetstream(native) {
        const connection = native as Parameters<typeof jetstream>[0]; // of this client, or of the application's copy of it
        const { streams, consumers } = await jetstreamManager(connection, { checkAPI: false, timeout: CLIENT_TIMEOUT });
        const client = jetstream(connection);
        const publish = client.publish.bind(client);
        return { publish, streams, consumers } as unknown as JetStream; // nightbus describes it itself
      },
    };
  } catch (cause) {
    const sentence = ["@nats-io/transport-node", "@nats-io/jetstream"].some((name) => isMissing(cause, name))
      ? 'nightbus/nats needs two packages: run "npm install @nats-io/transport-node@3 @nats-io/jetstream@3"'
      : `the client of NATS could not be loaded: ${asError(cause).message}`;
    throw new BusError("store", sentence, { cause, refused: true });
  }
}

// The client's own pings run by a timer that would keep the process alive. The looks of the feed every five seconds replace
// them. A server that is down is retried soon, and forever.
function withDefaults(config: object): object {
  return {
    timeout: TIMEOUT,
    reconnectTimeWait: 100,
    reconnectJitter: 200,
    reconnectJitterTLS: 200,
    pingInterval: LONGEST_TIMER,
    noAsyncTraces: true,
    ...config,
    reconnect: true,
    maxReconnectAttempts: -1,
    ignoreAuthErrorAbort: true,
  };
}

/** Private parts of a connection. */
interface Inside {
  readonly protocol?: {
    readonly transport?: {
      readonly socket?: { unref?(): void };
    };
    readonly heartbeats?: { readonly timer?: { unref?(): void } };
  };
}

/** A mark that changes whenever bytes come or go on this connection. Undefined if its socket is not found. */
export function movedOnConnection(connection: NatsConnection): string | undefined {
  return movedOn((connection as Inside).protocol?.transport?.socket);
}

/**
 * Lets the process end while this connection is open. The client offers no way, so its private parts are used. If they are not
 * found, the process stays alive until the bus is closed.
 */
export function unrefConnection(connection: NatsConnection): void {
  const { protocol } = connection as Inside;
  protocol?.transport?.socket?.unref?.();
  protocol?.heartbeats?.timer?.unref?.();
}
