import type { AnyChannels, Channel, ChannelOf } from "../notification.ts";

/** The second argument of a handler. `T` is the type of the transaction, which the application states. */
export interface ConsumeContext<T = unknown> {
  /** Aborts when the lease is lost, and when the consumer or the bus closes. The handler may end early then. */
  readonly signal: AbortSignal;
  /** The number of this attempt, from 1 up. */
  readonly attempt: number;
  /** A number that grows with each takeover. A resource of the application can refuse a smaller one. */
  readonly fence: number;
  /** The transaction in which the position moves: the driver's handle or client. Undefined without `transaction: true`. */
  readonly tx: T;
}

/** Handles a notification, or a list of them with `batch`. A handler that throws or rejects is tried again. */
export type ConsumeHandler<N, T = unknown> = (notifications: N, context: ConsumeContext<T>) => unknown;

/** The options of `bus.consume`. */
export interface ConsumeOptions<C extends object = AnyChannels> {
  /** The start of a name that is new: the newest id, the oldest retained notification, or the last id that was handled. Default: `now`. */
  readonly from?: "now" | "start" | number;
  /** The most notifications of one call of the handler, which then gets a list. Default: one by one, without a list. */
  readonly batch?: number | undefined;
  /** True to run the handler in the transaction in which the position moves, on SQLite and Postgres. Default: false. */
  readonly transaction?: boolean;
  /** The time in ms after which another process takes over from one that is silent. Default: 10 seconds. */
  readonly lease?: number;
  /** The calls of the handler for the same notifications before the consumer gives up. Default: 10. */
  readonly attempts?: number;
  /**
   * The channel that gets a `FailedNotification` for each notification that the handler failed on. The consumer then goes
   * on. Default: the consumer stops.
   */
  readonly onFailure?: ChannelOf<C>;
  /**
   * Called with the last id before missed notifications. The consumer goes on once the call has ended, and stops if it fails. Default: the consumer stops with `missed`.
   */
  readonly onMissed?: (last: number) => unknown;
  /** True to go on with another list of channels than the name has had. Default: false, the consumer stops. */
  readonly replaceChannels?: boolean;
}

/** A message about a notification that a handler failed on, in every attempt. */
export interface FailedNotification {
  /** The name of the consumer. */
  readonly consumer: string;
  /** The id of the notification. */
  readonly id: number;
  /** The channel of the notification. */
  readonly channel: Channel;
  /** The message of the notification. Absent if it is too long to be sent inside another message. */
  readonly message?: unknown;
  /** The sentence of the last error. */
  readonly error: string;
  /** The number of attempts. */
  readonly attempts: number;
}

/** A running consumer of this process. */
export interface Consumer {
  /** The name, which all processes share. */
  readonly name: string;
  /** True while this process holds the lease of the name. */
  readonly isActive: boolean;
  /** Resolves when the consumer has closed. Rejects with the error that stopped it, which the bus emits as `error` too. */
  readonly done: Promise<void>;
  /**
   * Aborts the signal, waits until the handler has ended, writes the position, and releases the lease. A second call
   * returns the same promise. Never rejects.
   */
  close(): Promise<void>;
  /** Closes the consumer at the end of an `await using`. */
  [Symbol.asyncDispose](): Promise<void>;
}

/** A named consumer: its position, and its distance from the newest notification. */
export interface ConsumerState {
  /** The name, which all processes share. */
  readonly name: string;
  /** The channels. */
  readonly channels: readonly Channel[];
  /** The id up to which everything is handled; the beginning of the log before the first notification of a name that began at the start. */
  readonly last: number;
  /** True while a process holds the lease. A process that died holds it until the lease ends. */
  readonly isHeld: boolean;
  /** The retained notifications that are yet to be handled. */
  readonly behind: number;
  /** The share of the retention that these notifications use, from 0 to 1. At 1, some are trimmed next. */
  readonly edge: number;
}

/** The named consumers of a bus, of all processes that share its store. */
export interface BusConsumers {
  /** Resolves with every consumer in the order of the names. Rejects with `bad_option`, `closed` or `store`. */
  list(): Promise<readonly ConsumerState[]>;
  /**
   * Moves a consumer to a position: the newest id, the oldest retained notification, or the last id that counts as
   * handled. The process that holds the lease goes on from there. Rejects with `bad_option`, `closed` or `store`.
   */
  seek(name: string, position: "now" | "start" | number): Promise<void>;
  /**
   * Forgets the position of a name, and stops the consumer that holds its lease. Resolves with true if there was one.
   * Rejects with `bad_option`, `closed` or `store`.
   */
  delete(name: string): Promise<boolean>;
}
