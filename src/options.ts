import type { ConsumerState } from "./consumers/types.ts";
import { type CheckedRetention, checkRetention, type Retention } from "./log/retention.ts";
import type { AnyChannels, Notification } from "./notification.ts";
import type { Contract } from "./schema.ts";
import type { KeyBounds, Store } from "./store.ts";
import { memory } from "./stores/memory.ts";
import { type Clock, systemClock } from "./util/clock.ts";
import { checkMs, checkNames, checkPort, checkSize } from "./util/validate.ts";

/** The options of `new Bus`. */
export interface BusOptions<C extends object = AnyChannels> {
  /**
   * A schema for each name, of any library of Standard Schema 1. Each sent message is checked, and replaced by the schema's
   * value. `"*"` stands for names without a schema of their own; without it such a name is refused. Default: no checks.
   */
  readonly channels?: Contract<C>;
  /** The store that keeps notifications beyond the process. Default: memory alone. */
  readonly store?: Store;
  /** The bounds of retention. Default: 24 hours, 1,000 notifications a channel, 100,000 and 256 Mi of text in all. */
  readonly retention?: Retention;
  /** The most notifications of one answer. A send is never cut. Default: 1,000. */
  readonly limit?: number;
  /** The most bytes of one message's JSON text. Default: 1 MiB. */
  readonly maxMessage?: number;
  /** The most bytes of one send: the text of its channels and messages. Larger sends are refused. Default: 16 MiB. */
  readonly maxSend?: number;
  /** The bounds of remembered keys of sends. Default: 10 minutes, and 100,000 keys. */
  readonly keys?: Partial<KeyBounds>;
  /** The source of time. Default: the machine. */
  readonly clock?: Clock;
}

/** The options of a send. */
export interface SendOptions {
  /**
   * A name of this send, of 1 to 255 characters, such as a UUID. Another send of the same key and entries commits nothing, and
   * resolves with the same ids, on any process that shares the store.
   */
  readonly key?: string;
}

/** The options of `bus.poll`. */
export interface PollOptions {
  /** Ends the poll, which then rejects with the signal's reason. */
  readonly signal?: AbortSignal;
  /** The most notifications of this answer. Default: the bus's. */
  readonly limit?: number;
  /** The largest age of a notification when polling from 0, in ms. */
  readonly lookback?: number;
}

/** The options of `bus.subscribe`. */
export interface SubscribeOptions {
  /** The last id that the reader saw. Default: the newest id at the call. */
  readonly last?: number;
  /** Ends the loop. */
  readonly signal?: AbortSignal;
  /** Called with the last id before missed rows, and awaited. The subscription then goes on, instead of ending with `missed`. */
  readonly onMissed?: (last: number) => unknown;
}

/** The events of a bus, each with the arguments of its listeners. */
export interface BusEvents<C extends object> {
  /** Each notification that is committed from now on, by any process, in order. */
  notification(notification: Notification<C>): void;
  /** A failure of which no caller hears. Without a listener, the process is warned of it, once for each kind. */
  error(error: Error): void;
  /** A consumer of this process comes near to the edge of the retention, beyond which notifications are missed. Once, until it is far again. */
  behind(consumer: ConsumerState): void;
  /** The bus has closed. */
  close(): void;
}

/** The options of a bus with their defaults. */
export interface CheckedOptions {
  readonly store: Store;
  readonly retention: CheckedRetention;
  readonly limit: number;
  readonly maxMessage: number;
  readonly maxSend: number;
  readonly keys: KeyBounds;
  readonly clock: Clock;
}

/** Checks the options of a bus, and adds the defaults. Throws `bad_option`. */
export function checkOptions<C extends object>(options: BusOptions<C>): CheckedOptions {
  checkNames("a bus", options, ["channels", "store", "retention", "limit", "maxMessage", "maxSend", "keys", "clock"]);
  const { store = memory(), retention = {}, clock = systemClock, limit = 1_000 } = options;
  const { maxMessage = 2 ** 20, maxSend = 2 ** 24 } = options;
  checkPort("store", store, "open", "a Store, such as sqlite(path) makes one");
  checkPort("clock", clock, "monotonic", "a Clock");
  const { keys = {} } = options;
  checkNames("keys", keys, ["window", "count"]);
  checkNames("retention", retention, ["age", "count", "total", "bytes", "of"]);
  return {
    store,
    clock,
    retention: checkRetention(retention),
    limit: checkSize("limit", limit),
    maxMessage: checkSize("maxMessage", maxMessage),
    maxSend: checkSize("maxSend", maxSend),
    keys: {
      window: checkMs("keys.window", keys.window ?? 10 * 60_000),
      count: checkSize("keys.count", keys.count ?? 100_000),
    },
  };
}
