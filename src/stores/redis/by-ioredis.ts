import { Unreachable } from "../shared/failures.ts";
import { movedOn } from "../shared/silence.ts";
import { CONNECTING, type Send } from "./connection.ts";

/** The part of a client of `ioredis` that nightbus uses. */
export interface IoRedis {
  readonly isCluster?: boolean;
  readonly status: string;
  readonly stream?: { unref?(): void } | undefined;
  /** The nodes that a client of a cluster knows. */
  nodes?(role: "all"): readonly IoRedis[];
  duplicate(overrides: object): IoRedis;
  duplicate(startup: readonly never[], overrides: object): IoRedis;
  connect(): Promise<unknown>;
  on(event: "end" | "ready", listener: () => void): unknown;
  on(event: "error", listener: (error: unknown) => void): unknown;
  on(event: "+node", listener: (node: IoRedis) => void): unknown;
  disconnect(): void;
  call(command: string, ...args: readonly string[]): Promise<unknown>;
}

/** Options by which the client sends each command once, since a lost one may have been done, and answers in one known form. */
const ONCE = {
  protocol: 2,
  replyMapping: "legacy",
  stringNumbers: false,
  keyPrefix: "",
  readOnly: false,
  autoResendUnfulfilledCommands: false,
  enableAutoPipelining: false,
  maxRetriesPerRequest: 0,
  retryStrategy: () => null,
  reconnectOnError: null,
  connectTimeout: CONNECTING,
  commandTimeout: undefined,
  socketTimeout: undefined,
  blockingTimeout: undefined,
};

/** Options by which a client of a cluster sends each command once. Its defaults ask a node again. */
const CLUSTER = {
  redisOptions: ONCE,
  lazyConnect: true,
  enableOfflineQueue: false,
  enableAutoPipelining: false,
  keyPrefix: "",
  scaleReads: "master",
  clusterRetryStrategy: () => null,
  clusterNodeRetryStrategy: null,
  retryDelayOnFailover: 0,
};

/** Connects like a client of `ioredis`, to one server or to a cluster. */
export async function byIoRedis(base: IoRedis, lifetime: AbortController): Promise<Send> {
  const client =
    base.isCluster === true
      ? base.duplicate([], CLUSTER)
      : base.duplicate({ ...ONCE, lazyConnect: true, enableOfflineQueue: false, enableReadyCheck: false });
  let outage: unknown;
  lifetime.signal.addEventListener("abort", () => client.disconnect());
  client.on("error", (error) => {
    outage = error; // the event `end` follows
  });
  client.on("end", () => lifetime.abort());
  client.on("+node", (node) => void node.on("ready", () => node.stream?.unref?.()));
  try {
    await client.connect();
  } catch (error) {
    throw outage ?? error; // `error` only says that the connection is closed
  }
  client.stream?.unref?.();
  const send: Send = async ([command, ...args]) => {
    if (client.status !== "ready") throw new Unreachable("the connection is lost");
    return client.call(command!, ...args); // no command is empty
  };
  const moved = (): string => (client.nodes?.("all") ?? [client]).map(({ stream }) => movedOn(stream)).join();
  return Object.assign(send, { moved, seesWrites: true });
}
