import { type CheckedRetention, checkRetention, type Retention } from "./log/retention.ts";
import type { Notification } from "./notification.ts";
import type { Store } from "./store.ts";
import { memory } from "./stores/memory.ts";
import { type Clock, systemClock } from "./util/clock.ts";
import { checkNames, checkPort, checkSize } from "./util/validate.ts";

export interface BusOptions {
  /** Where notifications are kept beyond the process. Without one they are kept in memory alone. */
  readonly store?: Store;
  /** The bounds of what is retained. Default: 24 hours, 1,000 notifications a channel, 100,000 and 256 Mi of text in all. */
  readonly retention?: Retention;
  /** The most notifications of one answer, though a send is never cut. Default: 1,000. */
  readonly limit?: number;
  /** The most bytes of one message's JSON text. Default: 1 MiB. */
  readonly maxMessage?: number;
  /** The most bytes of one send: the text of its channels and messages. Larger ones are refused. Default: 16 MiB. */
  readonly maxSend?: number;
  /** Where time comes from. Default: the machine. */
  readonly clock?: Clock;
}

export interface PollOptions {
  /** Ends the poll; it then rejects with the signal's reason. */
  readonly signal?: AbortSignal;
  /** The most notifications of this answer. Default: the bus's. */
  readonly limit?: number;
  /** When polling from 0: only what is at most so many ms old. */
  readonly lookback?: number;
}

export interface SubscribeOptions {
  /** The last id that was seen. Default: the newest id at the call. */
  readonly last?: number;
  /** Ends the loop. */
  readonly signal?: AbortSignal;
  /** Called with the last id before a gap in the history, instead of ending with `missed`. */
  readonly onMissed?: (last: number) => void;
}

export interface BusEvents<C extends object> {
  /** Everything that is committed from now on, by any process, in order. */
  notification(notification: Notification<C>): void;
  /** Something failed that nobody asked for. Without a listener it is a warning of the process, once for each kind. */
  error(error: Error): void;
  /** The bus has closed. */
  close(): void;
}

export interface CheckedOptions {
  readonly store: Store;
  readonly retention: CheckedRetention;
  readonly limit: number;
  readonly maxMessage: number;
  readonly maxSend: number;
  readonly clock: Clock;
}

/** The options of a bus, with what was left out. Throws `bad_option`. */
export function checkOptions(options: BusOptions): CheckedOptions {
  checkNames("a bus", options, ["store", "retention", "limit", "maxMessage", "maxSend", "clock"]);
  const { store = memory(), retention = {}, clock = systemClock, limit = 1_000 } = options;
  const { maxMessage = 2 ** 20, maxSend = 2 ** 24 } = options;
  checkPort("store", store, "open", "a Store, such as sqlite(path) makes one");
  checkPort("clock", clock, "monotonic", "a Clock");
  checkNames("retention", retention, ["age", "count", "total", "bytes", "of"]);
  return {
    store,
    clock,
    retention: checkRetention(retention),
    limit: checkSize("limit", limit),
    maxMessage: checkSize("maxMessage", maxMessage),
    maxSend: checkSize("maxSend", maxSend),
  };
}
