import { asError, BusError } from "../../errors.ts";

/** A client of `redis` or `ioredis`, of one server or of a cluster: what nightbus uses of it is that it can be duplicated. */
export interface RedisClient {
  duplicate(...overrides: never[]): unknown;
}

/** A connection that is there. */
export interface Connected {
  send(command: readonly string[]): Promise<unknown>;
  destroy(): void;
}

/** Makes a connection, and tells when it was lost. Rejects as the client does, or with `store` where there is none. */
export type Connect = (lost: () => void) => Promise<Connected>;

/** What nightbus uses of a client of `redis`. */
interface NodeRedis {
  readonly options: { readonly socket?: object };
  readonly slots?: unknown;
  duplicate(overrides: object): NodeRedis;
  connect(): Promise<unknown>;
  on(event: string, listener: () => void): unknown;
  unref?(): void;
  destroy(): void;
  sendCommand(command: readonly string[]): Promise<unknown>;
  sendCommand(key: string, isReadonly: boolean, command: readonly string[]): Promise<unknown>;
}

/** What nightbus uses of a client of `ioredis`. */
interface IoRedis {
  readonly isCluster?: boolean;
  readonly stream?: { unref?(): void };
  duplicate(overrides: object): IoRedis;
  duplicate(startup: readonly never[], overrides: object): IoRedis;
  connect(): Promise<unknown>;
  on(event: string, listener: () => void): unknown;
  nodes?(): readonly IoRedis[];
  disconnect(): void;
  call(command: string, ...args: readonly string[]): Promise<unknown>;
}

/** How long a connection is waited for, in ms. */
const CONNECTING = 5_000;

/** Connects as a client of the application's does, by connections of nightbus's own; or as a URL or a config of `redis` says. */
export function connectBy(source: string | object, key: string): Connect {
  return async (lost) => {
    const client = isClient(source) ? source : await clientOf(source);
    return isIoRedis(client) ? byIoRedis(client, lost) : byNodeRedis(client as unknown as NodeRedis, key, lost);
  };
}

/** Whether this is a client, as far as can be seen. */
export function isClient(source: unknown): source is RedisClient {
  return typeof (Object(source) as Partial<RedisClient>).duplicate === "function";
}

function isIoRedis(client: unknown): client is IoRedis {
  return typeof (client as Partial<IoRedis>).call === "function";
}

// What was lost on the way is never sent again by the client: it may have been done. Each connection is made anew by us.
async function byNodeRedis(base: NodeRedis, key: string, lost: () => void): Promise<Connected> {
  const once = {
    RESP: 2,
    maintNotifications: "disabled", // these, and a cache, need RESP 3
    clientSideCache: undefined,
    commandOptions: {},
    disableOfflineQueue: true,
    socket: { ...base.options?.socket, reconnectStrategy: false, connectTimeout: CONNECTING },
  };
  const isCluster = "slots" in base;
  const client = base.duplicate(isCluster ? { RESP: 2, commandOptions: {}, defaults: once } : once);
  client.on("error", lost);
  client.on("end", lost);
  try {
    await client.connect();
  } catch (error) {
    destroy(() => client.destroy());
    throw error;
  }
  client.unref?.();
  return {
    send: (command) => (isCluster ? client.sendCommand(key, false, command) : client.sendCommand(command)),
    destroy: () => destroy(() => client.destroy()),
  };
}

async function byIoRedis(base: IoRedis, lost: () => void): Promise<Connected> {
  const once = {
    protocol: 2,
    keyPrefix: "",
    autoResendUnfulfilledCommands: false,
    maxRetriesPerRequest: 0,
    retryStrategy: () => null,
    reconnectOnError: null,
    connectTimeout: CONNECTING,
  };
  const single = { ...once, lazyConnect: true, enableOfflineQueue: false };
  const client =
    base.isCluster === true
      ? base.duplicate([], {
          redisOptions: once,
          lazyConnect: true,
          enableOfflineQueue: false,
          clusterRetryStrategy: () => null,
        })
      : base.duplicate(single);
  client.on("error", () => {}); // `end` follows
  client.on("end", lost);
  try {
    await client.connect();
  } catch (error) {
    client.disconnect();
    throw error;
  }
  for (const { stream } of client.nodes?.() ?? [client]) stream?.unref?.();
  return {
    send: ([command, ...args]) => client.call(command!, ...args), // a command is not empty
    destroy: () => client.disconnect(),
  };
}

async function clientOf(source: string | object): Promise<RedisClient> {
  try {
    const { createClient } = await import("redis");
    return createClient(typeof source === "string" ? { url: source } : source) as unknown as RedisClient; // nightbus's own description
  } catch (error) {
    if (!isMissing(error)) throw error;
    if (typeof source === "string") return byUrl(source, error);
    throw missing(error);
  }
}

async function byUrl(url: string, cause: unknown): Promise<RedisClient> {
  try {
    const { Redis } = await import("ioredis");
    return new Redis(url, { lazyConnect: true });
  } catch (error) {
    throw isMissing(error) ? missing(cause) : error;
  }
}

function missing(cause: unknown): BusError {
  return new BusError("store", 'nightbus/redis needs redis or ioredis: run "npm install redis@6"', {
    cause,
    refused: true,
  });
}

function isMissing(error: unknown): boolean {
  return (asError(error) as { code?: unknown }).code === "ERR_MODULE_NOT_FOUND";
}

// A client that is not connected any more throws when it is told to end.
function destroy(work: () => void): void {
  try {
    work();
  } catch {}
}
