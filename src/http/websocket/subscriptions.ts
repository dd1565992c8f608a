import type { Following, PageBounds } from "../../core/following.ts";
import type { Hub } from "../../core/hub.ts";
import type { SharedRow } from "../../log/row.ts";
import type { Signal } from "../../util/abort.ts";
import type { Capacity } from "../endpoint/capacity.ts";
import type { Hooks } from "../endpoint/hooks.ts";
import { grant } from "../routes/grant.ts";
import { type Close, FAULT } from "./close-codes.ts";
import { Cursor } from "./cursor.ts";
import type { CheckedOptions } from "./options.ts";
import type { Requested } from "./requested.ts";

/** The parts of a mount that its sockets share. */
export interface SocketContext<C extends object, Context> {
  readonly hub: Hub;
  readonly options: CheckedOptions<C, Context>;
  readonly capacity: Capacity;
  readonly hooks: Hooks;
  /** The bounds of a socket's pages. */
  readonly pages: PageBounds;
  /** Receives the errors of the application's functions. */
  readonly failed: (thrown: unknown) => void;
}

/** The socket whose client subscribes. */
export interface Subscriber<Context> {
  readonly context: Context;
  readonly version: string | undefined;
  /** Aborted when the client has gone. */
  readonly signal: Signal;
  /** False once the socket has ended. */
  readonly isOpen: boolean;
  /** Reads these channels from now on. `make` returns their follower once the client was given all that is on its way. */
  read(keys: readonly string[], make: () => Following | undefined): void;
  /** Writes rows again, under the id of the client's position. */
  repeat(rows: readonly SharedRow[]): void;
  /** Notes that the client missed something. */
  tellMissed(keys: readonly string[]): void;
  /** Tells a failure of a subscription. A fault of the application ends the socket with `onFault`, if there is one. */
  refuse(error: unknown, onFault?: Close): void;
}

interface Subscription {
  readonly requested: Requested;
  readonly last: number;
  /** The time at which the frame came, by the monotonic clock. */
  readonly at: number;
}

/** The most subscriptions of one socket that wait in the hook at a time. Only the newest of the further ones is kept. */
const MOST_ASKING = 4;

/** The age up to which changes of a status are given again to a client that begins to read them, in ms. */
const RECENT = 2_000;

/** The subscriptions of one socket. Each replaces the list, and the newest wins, whichever hook answers first. */
export class Subscriptions<C extends object, Context> {
  readonly cursor: Cursor;
  readonly #shared: SocketContext<C, Context>;
  readonly #subscriber: Subscriber<Context>;
  #asked = 0;
  #applied = 0;
  #keys: readonly string[] = [];
  #asking = 0;
  #next: Subscription | undefined = undefined;

  constructor(shared: SocketContext<C, Context>, subscriber: Subscriber<Context>) {
    this.#shared = shared;
    this.#subscriber = subscriber;
    this.cursor = new Cursor(subscriber.version);
  }

  /** Subscribes to a list. The client hears of no failure but by a close. */
  subscribe(requested: Requested, last: number): void {
    const subscription = { requested, last, at: this.#shared.hub.clock.monotonic() };
    if (this.#asking < MOST_ASKING) void this.#run(subscription);
    else this.#next = subscription;
  }

  async #run(subscription: Subscription): Promise<void> {
    this.#asked += 1;
    this.#asking += 1;
    try {
      await this.#apply(subscription, this.#asked);
    } catch (error) {
      // A client whose first subscription meets a fault would stay deaf.
      this.#subscriber.refuse(error, this.#applied === 0 ? FAULT : undefined);
    }
    this.#asking -= 1;
    const next = this.#next;
    this.#next = undefined;
    if (next !== undefined && this.#subscriber.isOpen) void this.#run(next);
  }

  async #apply({ requested, last, at }: Subscription, number: number): Promise<void> {
    const { hub, capacity } = this.#shared;
    const { context } = this.#subscriber;
    const asking = {
      requested: requested.channels,
      request: this.#subscriber,
      context,
      options: { presence: requested.presence },
    };
    const place = capacity.place();
    try {
      const keys = await grant(this.#shared, asking, place);
      if (this.#isLate(number)) return;
      if (keys.length === 0) return this.#read(number, keys, () => undefined);
      const recent = await this.#recent(keys);
      const from = this.cursor.heeds(last) ? last : 0;
      const following = await hub.follow(keys, from, this.#bounds(at), { reader: this.#subscriber, place });
      if (this.#isLate(number)) return;
      // A position beyond the newest id is one of another log, and means 0.
      const isForeign = last > hub.last && this.cursor.heeds(last);
      this.cursor.hear(isForeign ? 0 : last, at);
      if (isForeign) this.#subscriber.tellMissed(keys);
      this.#read(number, keys, () => {
        this.#subscriber.repeat(recent().filter(({ id }) => id <= this.cursor.id));
        following.begin(this.cursor.id);
        return following;
      });
    } finally {
      place.leave();
    }
  }

  #read(number: number, keys: readonly string[], make: () => Following | undefined): void {
    this.#applied = number;
    this.#keys = keys;
    this.#subscriber.read(keys, make);
  }

  // A page asks for a status, then subscribes. A change between the two may lie before the position of its socket.
  async #recent(keys: readonly string[]): Promise<() => readonly SharedRow[]> {
    const statuses = keys.filter(isStatusKey);
    if (statuses.length === 0) return () => [];
    const known = new Set(this.#keys);
    const added = statuses.filter((key) => !known.has(key));
    if (added.length === 0) return () => [];
    const { hub, pages } = this.#shared;
    const following = await hub.follow(added, 0, { ...pages, lookback: RECENT }, { reader: this.#subscriber });
    return () => following.peek()?.rows ?? [];
  }

  #isLate(number: number): boolean {
    return number < this.#applied || !this.#subscriber.isOpen;
  }

  // A socket without a position gets what came since it began, and what was young then.
  #bounds(at: number): PageBounds {
    const { pages, options } = this.#shared;
    return this.cursor.id > 0 ? pages : { ...pages, lookback: options.lookback + this.cursor.ageAt(at) };
  }
}

/** Returns true for the key of `[model, id, "presence"]`. */
function isStatusKey(key: string): boolean {
  return key.startsWith("[") && key.endsWith(',"presence"]') && (JSON.parse(key) as readonly unknown[]).length === 3;
}
