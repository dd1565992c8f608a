import { Unreachable } from "../shared/failures.ts";
import { CONNECTING, couldNotConnect, type Send } from "./connection.ts";

/** What nightbus uses of a client of `redis`. */
export interface NodeRedis {
  readonly options: { readonly socket?: object };
  readonly isReady: boolean;
  duplicate(overrides: object): NodeRedis;
  connect(): Promise<unknown>;
  on(event: string, listener: () => void): unknown;
  unref(): void;
  destroy(): void;
  sendCommand(command: readonly string[]): Promise<unknown>;
}

/** The inside of a client of `redis`, which alone has the events of its socket. */
interface Inside {
  _ejectSocket(): { on(event: "data", listener: (bytes: { readonly length: number }) => void): unknown };
  _insertSocket(socket: unknown): void;
}

/** What nightbus uses of a cluster of `redis`. */
export interface NodeRedisCluster {
  readonly slots: unknown;
  readonly masters: readonly { readonly client?: { unref?(): void } | undefined }[];
  /** What `duplicate` would lose when it is given other defaults: who connects, and how. */
  readonly _options?: { readonly defaults?: { readonly socket?: object } };
  duplicate(overrides: object): NodeRedisCluster;
  connect(): Promise<unknown>;
  on(event: string, listener: () => void): unknown;
  destroy(): void;
  sendCommand(key: string, isReadonly: boolean, command: readonly string[]): Promise<unknown>;
}

/** A read waits for as long as we say. What an application has told of its own commands is not for ours. */
const PLAIN = { RESP: 2, commandOptions: { timeout: undefined } };

/** Nothing is sent again by the client, for it may have been done: each connection is made anew by us. */
function once(socket: object | undefined): object {
  return {
    ...PLAIN,
    maintNotifications: "disabled", // these, and a cache, need RESP 3
    clientSideCache: undefined,
    emitInvalidate: false,
    pingInterval: undefined,
    commandsQueueMaxLength: undefined,
    disableOfflineQueue: true,
    socket: { ...socket, reconnectStrategy: false, connectTimeout: CONNECTING, socketTimeout: undefined },
  };
}

/** Connects as a client of `redis` does. */
export async function byNodeRedis(base: NodeRedis, life: AbortController): Promise<Send> {
  const client = base.duplicate(once(base.options.socket));
  life.signal.addEventListener("abort", () => end(client));
  client.on("error", () => queueMicrotask(() => life.abort())); // it tells first whoever waits for an answer
  client.on("end", () => life.abort());
  await client.connect();
  client.unref();
  let bytes = 0;
  const isSeen = listen(client, (count) => {
    bytes += count;
  });
  const send: Send = async (command) => {
    if (!client.isReady) throw new Unreachable("the connection is lost");
    return client.sendCommand(command);
  };
  return isSeen ? Object.assign(send, { moved: () => bytes }) : send;
}

/** Connects as a cluster of `redis` does, to the node that has this key. */
export async function byNodeRedisCluster(base: NodeRedisCluster, key: string, life: AbortController): Promise<Send> {
  const { defaults } = base._options ?? {};
  const client = base.duplicate({
    ...PLAIN,
    clientSideCache: undefined,
    minimizeConnections: true,
    useReplicas: false,
    defaults: { ...defaults, ...once(defaults?.socket) },
  });
  life.signal.addEventListener("abort", () => end(client));
  client.on("error", () => {}); // one of its nodes could not be asked; another may
  let bytes = 0;
  const heard = new WeakSet<object>();
  client.on("node-ready", () => {
    for (const { client: node } of client.masters) {
      if (node === undefined || heard.has(node)) continue;
      heard.add(node);
      node.unref?.();
      listen(node, (count) => {
        bytes += count;
      });
    }
  });
  await client.connect();
  const send: Send = (command) => client.sendCommand(key, false, command).catch(explain);
  return Object.assign(send, { moved: () => bytes });
}

/** Hears how many bytes come, if this version of the client lets it: only an answer that is late for its size is lost without. */
function listen(client: object, came: (count: number) => void): boolean {
  const { _ejectSocket, _insertSocket } = client as Partial<Inside>;
  if (typeof _ejectSocket !== "function" || typeof _insertSocket !== "function") return false;
  const inside = client as Inside; // as has just been seen
  const socket = inside._ejectSocket();
  inside._insertSocket(socket);
  socket.on("data", ({ length }) => came(length));
  return true;
}

/** The node may only be connected to when it is needed, and what failed then was not sent. */
function explain(cause: unknown): never {
  const { message } = Object(cause) as { message?: unknown };
  if (!couldNotConnect(cause) && !UNSENT.includes(String(message))) throw cause;
  throw new Unreachable("there was no connection", { cause });
}

const UNSENT = ["The client is closed", "The client is offline"];

// A client that is not connected any more may throw when it is told to end.
function end(client: { destroy(): void }): void {
  try {
    client.destroy();
  } catch {}
}
