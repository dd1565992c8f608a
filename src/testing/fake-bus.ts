import { Bus, readerOf } from "../bus.ts";
import type { Clock } from "../clock.ts";
import { BusError } from "../errors.ts";
import { checkNames, serialise } from "../input.ts";
import type { Ask } from "../log/ask.ts";
import {
  type AnyChannels,
  type Channel,
  type ChannelOf,
  channelOf,
  keyOf,
  type MessageOf,
  type Notification,
} from "../notification.ts";
import type { BusOptions } from "../options.ts";
import { expectNothingSent, expectNotSent, expectOrder, expectSent } from "./expectations.ts";
import { deepFreeze, FakeStore } from "./fake-store.ts";
import { ManualClock } from "./manual-clock.ts";
import type { Like } from "./matching.ts";
import { NextSents } from "./next-sent.ts";
import { type Sent, sentOf } from "./sent.ts";

export interface FakeBusOptions extends Omit<BusOptions, "store"> {
  /** Where its clock starts, in ms since 1970. Default: 1,700,000,000,000, in November 2023. */
  readonly now?: number;
  /** Another clock than its own. It is then moved by whoever gave it, and says where ids begin. */
  readonly clock?: Clock;
}

/** A poll that waits. */
export interface ParkedPoll {
  readonly channels: readonly Channel[];
  /** The cursor from which it was made. */
  readonly last: number;
  /** When it will be answered with nothing, by the bus's clock in ms since 1970; may be Infinity. */
  readonly deadline: number;
}

/** A message that was sent: one that is like this, or for which the function returns true. */
export type ExpectedMessage<M> = Like<M> | ((message: M) => boolean);

/**
 * A bus to test with: `Bus` itself, so that it goes wherever a bus goes, with a log in memory, a clock of its own that stands
 * still, ids that count from 1, and ways to look at what was sent and to let things go wrong. What it hands to readers is
 * frozen, so that code which changes a message, which all readers share, is caught.
 */
export class FakeBus<C extends object = AnyChannels> extends Bus<C> {
  readonly #store: FakeStore;
  readonly #clock: ManualClock | undefined;
  readonly #start: number;
  readonly #parked = new Set<ParkedPoll>();
  readonly #nexts = new NextSents();
  /** What is to be done when the store is open. */
  readonly #pending: (() => void)[] = [];

  /** Throws `bad_option`. */
  constructor(options: FakeBusOptions = {}) {
    checkNames("a fake bus", options, ["now", "clock", "retention", "limit", "maxMessage"]);
    const { now, clock, ...rest } = options;
    const store = new FakeStore();
    const own = clock === undefined ? new ManualClock(now, () => store.base) : undefined;
    super({ ...rest, store, clock: clock ?? own! });
    this.#store = store;
    this.#clock = own;
    this.#start = own?.now() ?? 0;
    store.onSent = (sent) => this.#nexts.sent(sent);
    this.on("notification", ({ message }) => void deepFreeze(message)); // the one copy that all readers share
    readerOf(this).spy = {
      opened: () => {
        for (const work of this.#pending.splice(0)) work();
      },
      parked: (ask, deadline, answer) => this.#note(ask, deadline, answer),
    };
  }

  /** Every entry that was sent and committed, in order, with its id; not what was received. */
  get sent(): Sent<C> {
    return sentOf<C>(this.#store.sent);
  }

  /** The polls that wait now, the longest first; also those of subscriptions and mounts. */
  get parked(): readonly ParkedPoll[] {
    return [...this.#parked];
  }

  /** Throws an ExpectationError unless such a message was sent on the channel; exactly so many times, where `times` says so. */
  expectSent<const K extends ChannelOf<C>>(
    channel: K,
    message?: ExpectedMessage<MessageOf<C, K>>,
    { times }: { readonly times?: number } = {},
  ): void {
    expectSent(this.#store.sent, channel, message === undefined ? undefined : { like: message }, times);
  }

  /** Throws an ExpectationError if anything was sent on the channel. */
  expectNotSent(channel: ChannelOf<C>): void {
    expectNotSent(this.#store.sent, channel);
  }

  /** Throws an ExpectationError if anything was sent. */
  expectNothingSent(): void {
    expectNothingSent(this.#store.sent);
  }

  /** Throws an ExpectationError unless there were sends on these channels in this order, whatever came between. */
  expectOrder(channels: readonly ChannelOf<C>[]): void {
    expectOrder(this.#store.sent, channels);
  }

  /**
   * The next entry that is sent on the channel from now on. Rejects with an ExpectationError after `within` ms, 1,000 unless
   * said otherwise: by the bus's clock or by the machine's, whichever is first.
   */
  async nextSent<const K extends ChannelOf<C>>(
    channel: K,
    { within = 1_000 }: { readonly within?: number } = {},
  ): Promise<Notification<C, K>> {
    const found = this.#nexts.next(keyOf(channel), within, readerOf(this).clock);
    return (await found) as unknown as Notification<C, K>; // sent on this channel of a bus of these channels
  }

  /**
   * Moves its clock on by so many ms. Whatever falls due on the way (deadlines, retention, heartbeats) happens at its time and
   * in its order, each with all that follows from it. Throws `bad_option` when it was given another clock.
   */
  async advance(ms: number): Promise<void> {
    if (this.#clock === undefined) throw new BusError("bad_option", "this fake bus was given a clock: move that one");
    await this.settled();
    for (const _ of this.#clock.steps(ms)) await this.settled();
  }

  /** Resolves when nothing is queued, nobody is about to be woken, and what was woken has done what needs no time. */
  async settled(): Promise<void> {
    const HOPS = 100;
    for (let before = ""; before !== this.#state(); ) {
      before = this.#state();
      for (let hop = 0; hop < HOPS; hop += 1) await null;
    }
  }

  /** Commits a notification as if another process had sent it: readers get it, and it is not `sent`. */
  receive<const K extends ChannelOf<C>>(channel: K, message: MessageOf<C, K>): void {
    const rows = serialise([[channel, message]], { maxMessage: Infinity, maxBytes: Infinity });
    this.#whenOpen(() => this.#store.receive(rows));
  }

  /** Sends on this channel reject with code `store` and this cause, whole with what they were sent with, until it is healed. */
  fail(channel: ChannelOf<C>, cause: unknown = new Error("the fake bus was told to fail")): void {
    this.#store.fail(keyOf(channel), cause);
  }

  /** Ends the failures of this channel, or of all. */
  heal(channel?: ChannelOf<C>): void {
    this.#store.heal(channel === undefined ? undefined : keyOf(channel));
  }

  /** Trims all that is retained on this channel: readers from before are answered `missed`. */
  trim(channel: ChannelOf<C>): void {
    const key = keyOf(channel);
    this.#whenOpen(() => this.#store.trimChannel(key));
  }

  /** Begins another life, as a process without a store does: all is lost, cursors from before are answered `missed`, ids are a million higher. */
  restart(): void {
    this.#whenOpen(() => this.#store.restart());
  }

  /** As new, for the next test: nothing sent or retained, no failures, ids from 1, and its clock where it started. */
  reset(): void {
    this.#nexts.clear();
    this.#clock?.set(this.#start);
    this.#whenOpen(() => this.#store.reset());
  }

  // What is handed over before the store is open would be taken for its replay.
  #whenOpen(work: () => void): void {
    if (typeof readerOf(this).now === "number") work();
    else this.#pending.push(work);
  }

  #note({ keys, last }: Ask, deadline: number, answer: Promise<unknown>): void {
    const { clock } = readerOf(this);
    const parked = { channels: keys.map(channelOf), last, deadline: clock.now() + deadline - clock.monotonic() };
    this.#parked.add(parked);
    const leave = (): unknown => this.#parked.delete(parked);
    answer.then(leave, leave);
  }

  #state(): string {
    return [this.last, this.waiting, this.#store.sent.length].join();
  }
}

/** Makes a fake bus. Throws `bad_option`. */
export function fakeBus<C extends object = AnyChannels>(options: FakeBusOptions = {}): FakeBus<C> {
  return new FakeBus<C>(options);
}
