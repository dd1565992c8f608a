// Longer than 250 lines: the one public class of a fake bus, and most of it docstrings.

import { Bus, hubOf } from "../../bus.ts";
import { INSIDE } from "../../core/module-copies.ts";
import { serialise } from "../../core/serialise.ts";
import { BusError, closed, given } from "../../errors.ts";
import { type AnyChannels, type ChannelOf, keyOf, type MessageOf, type Notification } from "../../notification.ts";
import type { BusOptions } from "../../options.ts";
import type { Clock } from "../../util/clock.ts";
import { checkNames } from "../../util/validate.ts";
import { Consumed } from "../expect/consumed.ts";
import type { Caller } from "../expect/expectation-error.ts";
import {
  type Evidence,
  expectNothingSent,
  expectNotSent,
  expectOrder,
  expectSent,
  type SentOptions,
} from "../expect/expectations.ts";
import type { Like } from "../expect/matching.ts";
import { NextSents } from "../expect/next-sent.ts";
import { type Sent, sentOf } from "../expect/sent.ts";
import { deepFreeze, FakeStore } from "./fake-store.ts";
import { ManualClock } from "./manual-clock.ts";
import { type ParkedPoll, ParkedPolls } from "./parked.ts";
import { Passing } from "./passing.ts";

/** The options of a fake bus. */
export interface FakeBusOptions<C extends object = AnyChannels> extends Omit<BusOptions<C>, "store"> {
  /** The start of its clock, in ms since 1970. Default: 1,700,000,000,000, in November 2023. */
  readonly now?: number;
  /** Another clock than its own. The test moves that clock, and the clock says where ids begin, or `restart()` if that is later. */
  readonly clock?: Clock;
  /** The transaction that handlers of `transaction: true` get, such as a double of a driver. Default: an object for each run. */
  readonly tx?: unknown;
}

/** An expected message: a value that it is like, or a function that returns true for it. */
export type ExpectedMessage<M> = Like<M> | ((message: M) => boolean);

/**
 * A bus to test with. A fake bus is a `Bus`, so it fits wherever a bus fits. Its log is in memory, its clock stands
 * still, and its ids count from 1. Tests can look at sent entries and make things fail. Messages are frozen, which
 * exposes code that changes a message that all readers share.
 */
export class FakeBus<C extends object = AnyChannels> extends Bus<C> {
  readonly #store: FakeStore;
  readonly #clock: ManualClock | undefined;
  readonly #start: number;
  readonly #parked: ParkedPolls;
  readonly #nexts: NextSents;
  /** Work that waits for the store to open. */
  readonly #pending: (() => void)[] = [];
  readonly #passing: Passing;
  readonly #consumed = new Consumed();
  #isClosed = false;

  /** Makes a fake bus. Throws `bad_option`. */
  constructor(options: FakeBusOptions<C> = {}) {
    checkNames("a fake bus", options, [
      "now",
      "clock",
      "tx",
      "channels",
      "retention",
      "limit",
      "maxMessage",
      "maxSend",
      "keys",
    ]);
    const { now, clock, tx, ...rest } = options;
    if (now !== undefined) checkStart(now, clock);
    const store = new FakeStore();
    const own = clock === undefined ? new ManualClock(now, () => store.base) : undefined;
    super({ ...rest, store, clock: clock ?? own! });
    this.#store = store;
    if (tx !== undefined) store.positions.transaction = tx;
    this.#clock = own;
    this.#start = own?.now() ?? 0;
    this.#parked = new ParkedPolls(hubOf(this).clock);
    this.#nexts = new NextSents(hubOf(this).clock, this.nextSent);
    this.#passing = new Passing({
      clock: own,
      state: () => [this.last, this.waiting, store.sent.length, this.#consumed.count, store.positions.changes].join(),
    });
    store.onSent = (sent) => this.#nexts.sent(sent);
    hubOf(this).probe = {
      onOpen: () => {
        for (const work of this.#pending.splice(0)) work();
      },
      onPark: (...poll) => this.#parked.add(...poll),
      onCommit: ({ message }) => void deepFreeze(message), // all readers share this one copy
      onHandled: (name, rows) => this.#consumed.add(name, rows),
      onUnheardError: (error) => this.#passing.unheard.push(error),
    };
  }

  /** Every entry that was sent and committed, in order, with its id. Received notifications are not among them. */
  get sent(): Sent<C> {
    return sentOf<C>(this.#store.sent);
  }

  /** The parked polls, the longest first, including those of subscriptions and mounts. */
  get parked(): readonly ParkedPoll[] {
    return this.#parked.all;
  }

  /** Throws an ExpectationError unless such a message was sent on the channel, exactly so many times if `times` is given. */
  expectSent<const K extends ChannelOf<C>>(
    channel: K,
    message?: ExpectedMessage<MessageOf<C, K>>,
    options: SentOptions = {},
  ): void {
    expectSent(
      this.#evidence(this.expectSent),
      channel,
      message === undefined ? undefined : { like: message },
      options,
    );
  }

  /**
   * Throws an ExpectationError unless the consumer of this name has handled such a message of the channel, exactly so many
   * times if `times` is given. A repetition after a lost lease counts again.
   */
  expectConsumed<const K extends ChannelOf<C>>(
    name: string,
    channel: K,
    message?: ExpectedMessage<MessageOf<C, K>>,
    options: SentOptions = {},
  ): void {
    const wanted = message === undefined ? undefined : { like: message };
    this.#consumed.expect(name, this.expectConsumed, channel, wanted, options);
  }

  /** Throws an ExpectationError if an entry was sent on the channel. */
  expectNotSent(channel: ChannelOf<C>): void {
    expectNotSent(this.#evidence(this.expectNotSent), channel);
  }

  /** Throws an ExpectationError if an entry was sent. */
  expectNothingSent(): void {
    expectNothingSent(this.#evidence(this.expectNothingSent));
  }

  /** Throws an ExpectationError unless entries were sent on these channels in this order. Other entries may come between. */
  expectOrder(channels: readonly ChannelOf<C>[]): void {
    expectOrder(this.#evidence(this.expectOrder), channels);
  }

  /**
   * Resolves with the next entry that is sent on the channel. Rejects with an ExpectationError after `within` ms, by
   * the bus's clock or by the machine's. Default: 1,000.
   */
  nextSent<const K extends ChannelOf<C>>(
    channel: K,
    options: { readonly within?: number } = {},
  ): Promise<Notification<C, K>> {
    const found = this.#nexts.next(channel, options);
    return found as Promise<unknown> as Promise<Notification<C, K>>; // sent on this channel of a bus of these channels
  }

  /**
   * Moves its clock on. Deadlines, retention and heartbeats on the way happen at their time and in their order, each
   * with all its effects. Rejects as `settled`, and with `bad_option` if the bus has another clock.
   */
  async advance(ms: number): Promise<void> {
    return this.#passing.advance(ms);
  }

  /**
   * Resolves when no send is queued, no reader is about to wake, and woken readers have done their work. Rejects with a
   * failure that no listener of `error` heard.
   */
  async settled(): Promise<void> {
    return this.#passing.settled();
  }

  /** Commits a notification as if another process had sent it: readers get it, and `sent` does not. */
  receive<const K extends ChannelOf<C>>(channel: K, message: MessageOf<C, K>): void {
    const rows = serialise([[channel, message]], { maxMessage: Infinity, maxSend: Infinity, maxBytes: Infinity });
    this.#whenOpen(() => this.#store.receive(rows));
  }

  /**
   * Makes sends on this channel reject with code `store` and this cause, together with their whole send, until the
   * channel is healed.
   */
  fail(channel: ChannelOf<C>, cause: unknown = new Error("the fake bus was told to fail")): void {
    this.#store.fail(keyOf(channel), cause);
  }

  /** Makes the positions of consumers reject with code `store` and this cause, until `heal()` ends all failures. */
  failPositions(cause: unknown = new Error("the fake bus was told to fail")): void {
    this.#store.positions.fail(cause);
  }

  /**
   * Takes the lease of a consumer's name away, as if another process had taken over. That process is silent from now on, so
   * consumers of this bus take over again after the lease. Rejects with `bad_option` if there is no such name.
   */
  async takeOver(name: string): Promise<void> {
    if (await this.#store.positions.takeOver(name)) return this[INSIDE].consumers.look(name);
    throw new BusError("bad_option", `there is no consumer ${given(name)}: bus.consumers.list() has the names`);
  }

  /** Ends the failures of this channel, or of all. */
  heal(channel?: ChannelOf<C>): void {
    this.#store.heal(channel === undefined ? undefined : keyOf(channel));
  }

  /** Trims every retained notification of this channel. Readers from before are answered `missed`. */
  trim(channel: ChannelOf<C>): void {
    const key = keyOf(channel);
    this.#whenOpen(() => this.#store.trimChannel(key));
  }

  /**
   * Begins another epoch, as a restarted process without a store does. All is lost, cursors from before are answered
   * `missed`, and ids are a million higher.
   */
  restart(): void {
    this.#whenOpen(() => this.#store.restart());
  }

  /**
   * Makes the bus as new for the next test: nothing sent or retained, no failures, ids from 1, and its clock at its
   * start. Listeners and waiting readers stay, and consumers end.
   */
  reset(): void {
    this.#nexts.clear();
    this.#consumed.clear();
    this[INSIDE].consumers.end();
    this.#passing.unheard.length = 0;
    this.#clock?.set(this.#start);
    this.#whenOpen(() => this.#store.reset());
  }

  override async close(): Promise<void> {
    this.#isClosed = true;
    await super.close();
    this.#nexts.close();
  }

  // Rows that come before the store is open would count as its replay.
  #whenOpen(work: () => void): void {
    if (this.#isClosed) throw closed();
    if (typeof hubOf(this).newestId === "number") work();
    else this.#pending.push(work);
  }

  #evidence(caller: Caller): Evidence {
    return { sent: this.#store.sent, caller };
  }
}

function checkStart(now: unknown, clock: Clock | undefined): void {
  if (clock !== undefined)
    throw new BusError("bad_option", "give a fake bus either now or a clock, which knows the time");
  if (Number.isFinite(now)) return;
  throw new BusError("bad_option", `now must be a number of ms since 1970, got ${given(now)}`);
}

/** Makes a fake bus. Throws `bad_option`. */
export function fakeBus<C extends object = AnyChannels>(options: FakeBusOptions<C> = {}): FakeBus<C> {
  return new FakeBus<C>(options);
}
