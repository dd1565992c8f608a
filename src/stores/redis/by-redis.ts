import { Unreachable } from "../shared/failures.ts";
import { CONNECTING, couldNotConnect, type Send } from "./connection.ts";

/** The part of a client of `redis` that nightbus uses. */
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

/** Private parts of a client of `redis`. No public part shows the events of its socket. */
interface Inside {
  _ejectSocket(): { on(event: "data", listener: (bytes: { readonly length: number }) => void): unknown };
  _insertSocket(socket: unknown): void;
}

/** The part of a cluster of `redis` that nightbus uses. */
export interface NodeRedisCluster {
  readonly slots: unknown;
  readonly masters: readonly { readonly client?: { unref?(): void } | undefined }[];
  /** The user, the password and the socket. Other defaults for `duplicate` would drop them. */
  readonly _options?: { readonly defaults?: { readonly socket?: object } };
  duplicate(overrides: object): NodeRedisCluster;
  connect(): Promise<unknown>;
  on(event: string, listener: () => void): unknown;
  destroy(): void;
  sendCommand(key: string, isReadonly: boolean, command: readonly string[]): Promise<unknown>;
}

/** Plain answers, and waits of our own length. The application set its options for its own commands. */
const PLAIN = { RESP: 2, commandOptions: { timeout: undefined } };

/** Options by which the client sends each command once and never reconnects, since a lost command may have been done. */
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

/** Connects like a client of `redis`. */
export async function byNodeRedis(base: NodeRedis, lifetime: AbortController): Promise<Send> {
  const client = base.duplicate(once(base.options.socket));
  lifetime.signal.addEventListener("abort", () => end(client));
  client.on("error", () => queueMicrotask(() => lifetime.abort())); // pending commands reject first
  client.on("end", () => lifetime.abort());
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

/** Connects like a cluster of `redis`, to the node of this key. */
export async function byNodeRedisCluster(
  base: NodeRedisCluster,
  key: string,
  lifetime: AbortController,
): Promise<Send> {
  const { defaults } = base._options ?? {};
  const client = base.duplicate({
    ...PLAIN,
    clientSideCache: undefined,
    minimizeConnections: true,
    useReplicas: false,
    defaults: { ...defaults, ...once(defaults?.socket) },
  });
  lifetime.signal.addEventListener("abort", () => end(client));
  client.on("error", () => {}); // one node failed, and another may serve
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

/** Counts the bytes that come. False if this version of the client hides them: then a slow large answer counts as silence. */
function listen(client: object, came: (count: number) => void): boolean {
  const { _ejectSocket, _insertSocket } = client as Partial<Inside>;
  if (typeof _ejectSocket !== "function" || typeof _insertSocket !== "function") return false;
  const inside = client as Inside; // both functions were just found
  const socket = inside._ejectSocket();
  inside._insertSocket(socket);
  socket.on("data", ({ length }) => came(length));
  return true;
}

/** Explains an error of a cluster. The client connects to a node on demand, and sends no command if that fails. */
function explain(cause: unknown): never {
  const { message } = Object(cause) as { message?: unknown };
  if (!couldNotConnect(cause) && !UNSENT.includes(String(message))) throw cause;
  throw new Unreachable("there was no connection", { cause });
}

const UNSENT = ["The client is closed", "The client is offline"];

// A client that is not connected any more may throw.
function end(client: { destroy(): void }): void {
  try {
    client.destroy();
  } catch {}
}
