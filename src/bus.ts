// Longer than 250 lines: the one public class, and most of it docstrings.

import { Consumers } from "./consumers/consumers.ts";
import type { BusConsumers, ConsumeHandler, ConsumeOptions, Consumer, ConsumerState } from "./consumers/types.ts";
import { checkChannels, checkLast, checkLimit, checkTimeout } from "./core/arguments.ts";
import { ContractCheck } from "./core/contract.ts";
import { callListeners, Emitter } from "./core/emitter.ts";
import { Hub } from "./core/hub.ts";
import { type BusCounts, Meter } from "./core/meter.ts";
import { INSIDE, type Inside, insideOf, sharedBuses } from "./core/module-copies.ts";
import { checkKeyed, keyFor, nameOf } from "./core/send-keys.ts";
import { Sender } from "./core/sender.ts";
import { type SendLimits, serialise } from "./core/serialise.ts";
import { Subscription } from "./core/subscription.ts";
import { siblingsError, warn } from "./core/warnings.ts";
import { asError, closed, noTransactions, waitingSchema } from "./errors.ts";
import type { Answer } from "./log/answer.ts";
import type { Known } from "./log/query.ts";
import type { AnyChannels, Batch, ChannelOf, channels, Entry, Notification, SentOf, Strict } from "./notification.ts";
import {
  type BusEvents,
  type BusOptions,
  checkOptions,
  type PollOptions,
  type SendOptions,
  type SubscribeOptions,
} from "./options.ts";
import type { Schema } from "./schema.ts";
import type { PendingRow, SendKey, Store } from "./store.ts";
import { checkCallback, checkMs, checkNames, checkSignal } from "./util/validate.ts";
import { VERSION } from "./util/version.ts";

/**
 * Returns the hub of a bus, for the parts that work on rows instead of messages. Throws `bad_option`.
 *
 * @internal
 */
export function hubOf<C extends object>(bus: Bus<C>): Hub {
  return insideOf<Hub>(bus).hub;
}

/**
 * Returns the schemas of a bus by name; undefined if it has no contract. Throws `bad_option`.
 *
 * @internal
 */
export function schemasOf<C extends object>(bus: Bus<C>): ReadonlyMap<string, Schema> | undefined {
  return insideOf<Hub>(bus).schemas;
}

/** The sizes and the work of a bus, for metrics: plain numbers, and the consumers whose lease this process holds. */
export interface BusStats extends BusCounts {
  /** The consumers whose lease this process holds. */
  readonly consumers: readonly ConsumerState[];
}

const FOREVER = Number.POSITIVE_INFINITY;
const NO_OPTIONS: PollOptions = {};
const POLL_OPTIONS = ["signal", "limit", "lookback"];

/**
 * A pub/sub bus inside this process. Notifications have one order and stay available for readers that are away. No
 * notification is lost silently: a reader that comes back with its last id gets everything since, or hears that
 * something is missing.
 *
 * Give the bus a map of channels, `new Bus<{ lobby: { text: string } }>()`, and wrong channels and messages do not
 * compile. Every rejection is a `BusError`, or the reason of an abort signal.
 */
export class Bus<C extends object = AnyChannels> extends Emitter<BusEvents<C>> {
  /**
   * Returns the bus of this name. `make` makes it if none exists yet, or if it was closed. The bus lives on `globalThis`:
   * modules that are loaded twice share one bus and one connection to its store. Throws the error of `make`.
   */
  static shared<C extends object = AnyChannels>(name: string, make: () => Bus<C>): Bus<C> {
    const buses = sharedBuses();
    const known = buses.get(name) as Bus<C> | undefined; // callers that share a name share its type
    if (known !== undefined && !known[INSIDE].isClosing) return known;
    const bus = make();
    buses.set(name, bus);
    return bus;
  }

  /** This field never exists. TypeScript infers `C` of a subclass from it alone. */
  declare readonly [channels]?: () => C;
  readonly #meter = new Meter(this);
  readonly #hub: Hub;
  readonly #sender: Sender;
  readonly #consumers: Consumers;
  readonly #store: Store;
  readonly #contract: ContractCheck | undefined;
  readonly #maxMessage: number;
  readonly #maxSend: number;
  #closing: Promise<void> | undefined;

  /** Begins to open the store at once. Throws `bad_option`. */
  constructor(options: BusOptions<C> = {}) {
    super();
    const checked = checkOptions(options);
    this.#store = checked.store;
    const { channels } = options;
    this.#contract = channels === undefined ? undefined : new ContractCheck(channels, checked.clock);
    this.#maxMessage = checked.maxMessage;
    this.#maxSend = checked.maxSend;
    this.#hub = new Hub({
      ...checked,
      meter: this.#meter,
      listening: () => this.listenerCount("notification") > 0,
      notify: (notification) => this.#emit("notification", notification),
      error: (error) => this.#emit("error", error),
    });
    const { append, appendKeyed, opening } = this.#hub;
    const { keys, store } = checked;
    this.#sender = new Sender({ append, appendKeyed, keys, opening, meter: this.#meter, store });
    this.#consumers = new Consumers({
      hub: this.#hub,
      positions: store.positions,
      send: async (given, key) => this.#sendChecked(given, store.appendKeyed === undefined ? undefined : key),
      sendwithin: (transaction, given) => this.#sendwithin(transaction, given),
      error: (error) => this.#emit("error", error),
      behind: (consumer) => {
        this.#meter.publishBehind(consumer);
        this.#emit("behind", consumer);
      },
    });
    if (options.store === undefined) this.#warnOfSiblings();
  }

  /**
   * The inside of the bus, for other parts of nightbus, even of another copy.
   *
   * @internal
   */
  get [INSIDE](): Inside<Hub> {
    return {
      version: VERSION,
      hub: this.#hub,
      isClosing: this.#closing !== undefined,
      consumers: this.#consumers,
      schemas: this.#contract?.schemas,
      send: (rows) => this.#sender.send(rows),
      rowsOf: (entries) => this.#rowsAtOnce(entries),
      keyFor: (name, entries) => {
        checkKeyed(this.#store);
        return keyFor(name, this.#serialise(entries));
      },
      sendKeyed: async (entries, key) => this.#sendChecked(entries, key),
    };
  }

  /** The newest id, or the beginning of an empty log. With a store of an engine, 0 until the replay. Put it in a page that you render, and poll from it. */
  get last(): number {
    return this.#hub.last;
  }

  /** The number of parked polls. */
  get waiting(): number {
    return this.#hub.waiting;
  }

  /** Returns the sizes and the work of the bus as plain numbers, and its consumers. */
  stats(): BusStats {
    return { ...this.#hub.held, ...this.#meter.done, consumers: this.#consumers.states };
  }

  /** The named consumers, of all processes that share the store. */
  get consumers(): BusConsumers {
    return this.#consumers;
  }

  /** Resolves when the store is open and replayed. Sends and polls await it by themselves. Rejects with `store` or `closed`. */
  ready(): Promise<void> {
    return this.#hub.ready();
  }

  /**
   * Sends one notification. Resolves with its id once it is committed and every poll of this process can see it.
   * With a `key`, the same send commits once. Rejects with `bad_channel`, `bad_message`, `bad_key`, `closed` or `store`.
   */
  sendone<const K extends ChannelOf<C>>(channel: K, message: SentOf<C, K>, options?: SendOptions): Promise<number> {
    return this.#send([[channel, message]], options).then((ids) => ids[0]!); // one row has one id
  }

  /**
   * Sends all of these notifications or none. Resolves with their ids, which are consecutive, in order. Messages are
   * serialised during the call. With a `key`, the same send commits once. Rejects with `bad_channel`, `bad_message`,
   * `bad_key`, `closed` or `store`.
   */
  sendmany<const E extends readonly Entry<C>[]>(
    entries: E & Strict<C, E>,
    options?: SendOptions,
  ): Promise<readonly number[]> {
    return this.#send(entries, options);
  }

  /**
   * Sends all of these notifications if and only if the application's own transaction commits. Readers hear of them
   * then.
   *
   * With Postgres, `transaction` is the application's `pg` client: await the call before the commit. With SQLite,
   * `transaction` is a handle of SQLite on the same file: the call has written when it returns. In both, a
   * transaction is open. Roll it back if the call throws or rejects, with `bad_channel`, `bad_message`,
   * `bad_transaction`, `closed` or `store`.
   */
  sendwithin<const E extends readonly Entry<C>[]>(
    transaction: unknown,
    entries: E & Strict<C, E>,
  ): Promise<void> | void {
    return this.#sendwithin(transaction, entries);
  }

  /**
   * Returns the notifications on these channels after `last`, the last id that the reader saw; 0 reads everything that
   * is retained. Without any, the poll waits up to `timeout` ms, then answers an empty batch. `missed` is true if
   * something after `last` is no longer retained. Rejects with `bad_channel`, `bad_last`, `bad_timeout`, `bad_limit`,
   * `bad_option`, `closed`, `store`, or the signal's reason.
   */
  poll<const K extends ChannelOf<C>>(
    channels: readonly K[],
    last = 0,
    timeout = 50_000,
    options: PollOptions = NO_OPTIONS,
  ): Promise<Batch<Notification<C, K>>> {
    // The method is not async, because a second promise would take 250 bytes more while the poll is parked.
    try {
      checkNames("poll", options, POLL_OPTIONS);
      const { limit = this.#hub.limit, lookback = FOREVER } = options;
      const query = {
        keys: checkChannels(channels),
        last: checkLast(last),
        limit: checkLimit("limit", limit),
        lookback: checkMs("lookback", lookback),
      };
      const patience = { timeout: checkTimeout(timeout), signal: checkSignal(options.signal), form: batchOf<C, K> };
      return Promise.resolve(this.#hub.poll(query, patience));
    } catch (error) {
      return Promise.reject(error);
    }
  }

  /**
   * Returns the newest `count` notifications of these channels, oldest first, with `last` to poll from. Rejects with
   * `bad_channel`, `bad_limit`, `closed` or `store`.
   */
  async recent<const K extends ChannelOf<C>>(
    channels: readonly K[],
    count: number,
  ): Promise<Batch<Notification<C, K>>> {
    const keys = checkChannels(channels);
    const checked = checkLimit("count", count);
    await this.ready();
    return batchOf<C, K>(this.#hub.recent(keys, checked));
  }

  /**
   * Iterates over the notifications of these channels, after `last` or else from now on. A slow consumer loses nothing
   * and holds nobody up. The loop ends with an abort or with the bus. Throws `bad_channel`, `bad_last`, `bad_option` or `closed`. The iterator throws `store`, and `missed` at a loss, unless there is an `onMissed`.
   */
  subscribe<const K extends ChannelOf<C>>(
    channels: readonly K[],
    options: SubscribeOptions = {},
  ): AsyncIterableIterator<Notification<C, K>> & AsyncDisposable {
    checkNames("subscribe", options, ["last", "signal", "onMissed"]);
    checkCallback("onMissed", options.onMissed);
    if (this.#closing !== undefined) throw closed();
    const hub = this.#hub;
    const signal = checkSignal(options.signal); // before `newestId`, whose failure only the subscription would hear
    const query = { keys: checkChannels(channels), limit: hub.limit, lookback: FOREVER };
    let known: Known | undefined;
    const form = (answer: Answer): Batch<Notification<C, K>> => {
      known = answer.known;
      return batchOf<C, K>(answer);
    };
    return new Subscription<Notification<C, K>>({
      last: options.last === undefined ? hub.newestId : checkLast(options.last),
      signal,
      onMissed: options.onMissed,
      poll: async (last, end) => hub.poll({ ...query, last, known }, { timeout: FOREVER, signal: end, form }),
    });
  }

  /**
   * Hands the notifications of these channels to a handler, in order, and keeps the position of the name in the store.
   * Of all processes that share the store, one at a time works for a name. A handler that fails is tried again. A crash
   * repeats the notifications since the last write of the position, unless `transaction` is true. With `batch` the
   * handler gets lists. Throws `bad_option`, `bad_channel` or `closed`.
   */
  consume<const K extends ChannelOf<C>, T = unknown>(
    name: string,
    channels: readonly K[],
    handler: ConsumeHandler<Notification<C, K>, T>,
    options?: ConsumeOptions<C> & { readonly batch?: undefined },
  ): Consumer;
  consume<const K extends ChannelOf<C>, T = unknown>(
    name: string,
    channels: readonly K[],
    handler: ConsumeHandler<readonly Notification<C, K>[], T>,
    options: ConsumeOptions<C> & { readonly batch: number },
  ): Consumer;
  consume(name: string, channels: unknown, handler: unknown, options: ConsumeOptions<C> = {}): Consumer {
    if (this.#closing !== undefined) throw closed();
    return this.#consumers.begin(name, channels, handler, options);
  }

  /**
   * Commits queued sends, answers every parked poll with an empty batch, and closes the store. A second call returns
   * the same promise. Later sends, polls, `recent` and `ready` reject with `closed`; `subscribe` and `sendwithin` throw it.
   */
  close(): Promise<void> {
    this.#closing ??= this.#close();
    return this.#closing;
  }

  /** Closes the bus at the end of an `await using`, as `close()` does. */
  [Symbol.asyncDispose](): Promise<void> {
    return this.close();
  }

  /**
   * Emits an event. Unlike other emitters, a listener that throws stops no other, and an `error` without a listener
   * ends no process.
   */
  override emit<U extends keyof BusEvents<C>>(event: U, ...args: Parameters<BusEvents<C>[U]>): boolean {
    return this.#emit(event, args[0]);
  }

  // The method is not async, because each further promise adds a tenth to the cost of a send.
  #send(entries: unknown, options?: SendOptions): Promise<readonly number[]> {
    try {
      if (options !== undefined) checkNames("a send", options, ["key"]);
      return options?.key === undefined
        ? this.#sendChecked(entries, undefined)
        : this.#sendWithKey(entries, nameOf("bus", options.key));
    } catch (error) {
      return Promise.reject(error);
    }
  }

  #sendwithin(transaction: unknown, entries: unknown): Promise<void> | void {
    const rows = this.#rows(entries);
    const store = this.#store;
    if (store.within === undefined) throw noTransactions();
    if (!(rows instanceof Promise)) return rows.length === 0 ? undefined : store.within(transaction, rows);
    if (!store.writesDuringCall) return rows.then((settled) => store.within?.(transaction, settled));
    rows.catch(() => {}); // the error below is the only answer
    throw waitingSchema("sendwithin on this store");
  }

  #sendWithKey(entries: unknown, name: string): Promise<readonly number[]> {
    checkKeyed(this.#store);
    const rows = this.#serialise(entries);
    const key = keyFor(name, rows);
    if (this.#contract !== undefined) return this.#sendChecked(entries, key);
    if (this.#closing !== undefined) throw closed();
    return this.#sender.send(rows, key);
  }

  #sendChecked(entries: unknown, key: SendKey | undefined): Promise<readonly number[]> {
    const rows = this.#rows(entries);
    return rows instanceof Promise ? this.#sender.sendLater(rows, key) : this.#sender.send(rows, key);
  }

  #rows(entries: unknown): readonly PendingRow[] | Promise<readonly PendingRow[]> {
    if (this.#closing !== undefined) throw closed();
    return this.#checked(entries);
  }

  /** Returns the rows of entries during the call. A closing bus takes them too. */
  #rowsAtOnce(entries: unknown): readonly PendingRow[] {
    const rows = this.#checked(entries);
    if (!(rows instanceof Promise)) return rows;
    rows.catch(() => {}); // the error below is the only answer
    throw waitingSchema("presence");
  }

  /** Returns the rows of entries, after the contract if there is one; a promise if a schema waits. */
  #checked(entries: unknown): readonly PendingRow[] | Promise<readonly PendingRow[]> {
    return this.#contract === undefined ? this.#serialise(entries) : this.#contract.serialise(entries, this.#limits);
  }

  #serialise(entries: unknown): readonly PendingRow[] {
    return serialise(entries, this.#limits);
  }

  get #limits(): SendLimits {
    return { maxMessage: this.#maxMessage, maxSend: this.#maxSend, maxBytes: this.#store.maxBytes };
  }

  // The warning comes later, because nobody can listen yet.
  #warnOfSiblings(): void {
    const error = siblingsError();
    if (error !== undefined) this.ready().then(() => this.#emit("error", error), ignore);
  }

  async #close(): Promise<void> {
    this.#hub.shut();
    await this.#consumers.close();
    await this.#sender.finish();
    try {
      await this.#hub.close();
    } catch (error) {
      this.#emit("error", asError(error));
    }
    this.#hub.closings.close();
    this.#emit("close");
  }

  #emit(event: keyof BusEvents<C>, argument?: unknown): boolean {
    const isHeard = callListeners(this, event, argument, this.#threw);
    if (event === "error") this.#failed(argument as Error, isHeard); // an `error` event has an Error
    return isHeard;
  }

  // The error of an error listener is not emitted again, because it would come back to the same listener.
  readonly #threw = (thrown: unknown, event: string): void => {
    if (event !== "error") this.#emit("error", asError(thrown));
  };

  #failed(error: Error, isHeard: boolean): void {
    this.#meter.publishError(error);
    if (isHeard) return;
    const { probe } = this.#hub;
    if (probe === undefined) warn(error);
    else probe.onUnheardError(error);
  }
}

function ignore(): void {}

// A bus can only send on its own channels, so its answers hold nothing else.
function batchOf<C extends object, K>(answer: Answer): Batch<Notification<C, K>> {
  return answer.batch as unknown as Batch<Notification<C, K>>;
}
