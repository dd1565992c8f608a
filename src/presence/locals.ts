import type { Clock } from "../util/clock.ts";
import { Deadlines } from "../util/deadlines.ts";
import { EVERYWHERE, LocalMember, Moment, type Stay } from "./local-member.ts";
import type { Identity, MemberId } from "./member.ts";
import type { Entry } from "./rows.ts";

/** The most channels of one member on a node. A client that asks for ever new names joins no more. */
const MOST_CHANNELS = 1_000;

/** The share of the grace by which a stopped process puts off the end of a lease. */
const PUT_OFF = 1 / 4;

/** The bounds of leases, and the receivers of news. */
export interface LocalsOptions {
  readonly clock: Clock;
  /** The time after the last connection for which a member stays, in ms. */
  readonly grace: number;
  /** The time after the last activity at which a member is away, in ms. */
  readonly away: number;
  /** Called with each member whose entry may have changed. */
  readonly changed: (id: MemberId) => void;
  /** Called when a member joins no more channels. */
  readonly full: (id: MemberId) => void;
}

/** The members that are connected to this node. A connection is a lease on each of its channels. */
export class Locals {
  readonly #options: LocalsOptions;
  readonly #members = new Map<MemberId, LocalMember>();
  readonly #deadlines: Deadlines<Moment>;

  constructor(options: LocalsOptions) {
    const { clock } = options;
    this.#options = options;
    this.#deadlines = new Deadlines<Moment>(clock, (due) => {
      const now = clock.monotonic();
      for (const moment of due) moment.due(now - moment.at);
    });
  }

  get size(): number {
    return this.#members.size;
  }

  get ids(): Iterable<MemberId> {
    return this.#members.keys();
  }

  /** Returns a member as it is now; undefined if it is not here. */
  entry(id: MemberId): Entry | undefined {
    return this.#members.get(id)?.entry;
  }

  /** Sets back the time of a join to that of the same member elsewhere. */
  joinedAt(id: MemberId, key: string, since: number): void {
    const stay = this.#members.get(id)?.stays.get(key);
    if (stay !== undefined && since < stay.since) stay.since = since;
  }

  /** Notes a connection of a member, which begins on no channel. The newest info holds. */
  connect({ id, info }: Identity, text: string): void {
    const member = this.#member(id);
    this.hold(id, EVERYWHERE);
    if (member.text === text) return;
    member.info = info;
    member.text = text;
    member.at = Math.max(member.at + 1, this.#options.clock.now());
    this.#options.changed(id);
  }

  /** Adds a connection to a member's stay on a channel. Returns false if the member joins no more channels. */
  hold(id: MemberId, key: string): boolean {
    const member = this.#member(id);
    const stay = member.stays.get(key) ?? this.#join(id, member, key);
    if (stay === undefined) return false;
    stay.connections += 1;
    stay.isExtended = false;
    this.#deadlines.remove(stay.end);
    return true;
  }

  /** Removes a connection from a member's stay on a channel. After the last one the grace begins. */
  release(id: MemberId, key: string): void {
    const stay = this.#members.get(id)?.stays.get(key);
    if (stay === undefined) return;
    stay.connections -= 1;
    if (stay.connections === 0) this.#plan(stay.end, this.#options.grace);
  }

  /** Notes that a member's last activity on one of its devices was this many ms ago. */
  report(id: MemberId, inactive: number): void {
    const member = this.#members.get(id);
    if (member === undefined) return;
    member.activeAt = Math.max(member.activeAt, this.#options.clock.monotonic() - inactive);
    this.#judge(id, member);
  }

  /** Ends the timer, and forgets all members without a change. */
  close(): void {
    this.#deadlines.drain();
    this.#deadlines.close();
    this.#members.clear();
  }

  #member(id: MemberId): LocalMember {
    const known = this.#members.get(id);
    if (known !== undefined) return known;
    const member: LocalMember = new LocalMember(() => this.#judge(id, member));
    this.#members.set(id, member);
    return member;
  }

  #join(id: MemberId, member: LocalMember, key: string): Stay | undefined {
    if (member.stays.size > MOST_CHANNELS) {
      this.#options.full(id);
      return undefined;
    }
    const end = new Moment((late) => this.#end(id, member, key, late));
    const stay = { connections: 0, since: this.#options.clock.now(), end, isExtended: false };
    member.stays.set(key, stay);
    this.#options.changed(id);
    return stay;
  }

  // A process that was stopped heard of no client that came back meanwhile. Each such client gets a little time.
  #end(id: MemberId, member: LocalMember, key: string, late: number): void {
    const { grace, changed } = this.#options;
    const stay = member.stays.get(key)!; // the stay goes only here
    if (late > grace * PUT_OFF && !stay.isExtended) {
      stay.isExtended = true;
      this.#plan(stay.end, grace * PUT_OFF);
      return;
    }
    member.stays.delete(key);
    if (member.stays.size === 0) {
      this.#deadlines.remove(member.awayAt);
      this.#members.delete(id);
    }
    changed(id);
  }

  #judge(id: MemberId, member: LocalMember): void {
    const { clock, away, changed } = this.#options;
    const left = member.activeAt + away - clock.monotonic();
    const activity = left > 0 ? "active" : "away";
    this.#deadlines.remove(member.awayAt);
    if (left > 0 && left < Number.POSITIVE_INFINITY) this.#plan(member.awayAt, left);
    if (activity === member.activity) return;
    member.activity = activity;
    changed(id);
  }

  #plan(moment: Moment, ms: number): void {
    moment.at = this.#options.clock.monotonic() + ms;
    if (ms < Number.POSITIVE_INFINITY) this.#deadlines.add(moment, moment.at);
  }
}
