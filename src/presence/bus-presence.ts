import { asError, BusError, given } from "../errors.ts";
import { type Channel, keyOf } from "../notification.ts";
import { disown, isThenable } from "../util/thenable.ts";
import { changesKeyOf } from "./channels.ts";
import { Connection } from "./connection.ts";
import type { Identity, Member, MemberId, Status } from "./member.ts";
import { type CheckedPresence, checkIdentity } from "./options.ts";
import type { Roster } from "./roster.ts";

/** The members of the channels of a bus. Make one for each bus, and give it to all mounts of the bus. */
export class Presence<Context = unknown, Info = unknown> {
  readonly #options: CheckedPresence<Context, Info>;
  readonly #roster: Roster;
  readonly #failed: (error: Error) => void;

  /** @internal */
  constructor(roster: Roster, options: CheckedPresence<Context, Info>, failed: (error: Error) => void) {
    this.#roster = roster;
    this.#options = options;
    this.#failed = failed;
  }

  /**
   * Returns the members of a channel, from memory. The list is that of the position `bus.last`: with the later messages
   * on `["presence", channel]` it becomes the later list. Until `ready` resolves, members of other nodes may be absent.
   * Throws `bad_channel`.
   */
  of(channel: Channel): readonly Member<Info>[] {
    const key = changesKeyOf(keyOf(channel));
    if (key !== undefined) return this.#roster.members(key) as readonly Member<Info>[]; // the hook gave their info
    throw new BusError(
      "bad_channel",
      `a tuple of one name, and a channel of presence itself, have no members, got ${given(channel)}`,
    );
  }

  /** Returns the status of a member over all channels and devices, from memory. */
  status(id: MemberId): Status {
    return this.#roster.status(id);
  }

  /**
   * Resolves once this node knows the members of all others: they have answered, or two seconds have passed. The same
   * holds after a loss of rows. Rejects with `store` or `closed`.
   */
  ready(): Promise<void> {
    return this.#roster.ready();
  }

  /**
   * Returns the person behind a request, as the `member` hook names it; undefined for nobody. Mounts call it. Throws or
   * rejects with the error of the hook, or with `bad_option` if its answer is none.
   */
  identify(context: Context): Identity | undefined | Promise<Identity | undefined> {
    const answer = this.#options.member(context);
    if (!isThenable(answer)) return checkIdentity(answer)?.identity;
    return Promise.resolve(answer).then((each) => checkIdentity(each)?.identity);
  }

  /**
   * Returns those of these ids whose status the client may see, as the `sees` hook says. Mounts call it. Throws or rejects
   * with the error of the hook, or with `bad_option` if its answer is no list.
   */
  seen(context: Context, ids: readonly MemberId[]): readonly MemberId[] | Promise<readonly MemberId[]> {
    const { sees } = this.#options;
    if (sees === undefined) return ids;
    const answer = sees(context, ids);
    return isThenable(answer) ? Promise.resolve(answer).then((list) => seenOf(ids, list)) : seenOf(ids, answer);
  }

  /**
   * Connects a person: its lease on these channels lasts until `leave`, and for the grace after that. Channels without
   * members are left out. Throws `bad_channel`, or `bad_option` for a wrong identity.
   */
  join(identity: Identity, channels: readonly Channel[]): Connection {
    const checked = checkIdentity(identity);
    if (checked === undefined) throw new BusError("bad_option", `join takes an identity, got ${given(identity)}`);
    return new Connection(this.#roster.locals, checked, channels, (each) => this.#joined(each));
  }

  /**
   * Identifies the person behind a request, and connects it to the channels. Returns undefined for nobody. Throws or
   * rejects as `identify` and `join` do.
   */
  connect(context: Context, channels: readonly Channel[]): Connection | undefined | Promise<Connection | undefined> {
    const join = (identity: Identity | undefined): Connection | undefined =>
      identity === undefined ? undefined : this.join(identity, channels);
    const identity = this.identify(context);
    return identity instanceof Promise ? identity.then(join) : join(identity);
  }

  #joined(channels: readonly unknown[]): ReadonlySet<string> {
    const keys = new Set<string>();
    for (const channel of channels) {
      const key = changesKeyOf(keyOf(channel));
      if (key !== undefined && this.#mayJoin(channel as Channel)) keys.add(key); // keyOf checked the channel
    }
    return keys;
  }

  #mayJoin(channel: Channel): boolean {
    try {
      const answer: unknown = this.#options.joins?.(channel) ?? true;
      disown(answer); // the error below is the only answer
      if (isThenable(answer)) throw new Error("joins of presence must return true or false at once, and got a promise");
      return Boolean(answer);
    } catch (thrown) {
      this.#failed(asError(thrown));
      return false;
    }
  }
}

function seenOf(ids: readonly MemberId[], answer: unknown): readonly MemberId[] {
  if (!Array.isArray(answer)) throw new BusError("bad_option", `sees must return a list of ids, got ${given(answer)}`);
  const seen = new Set<unknown>(answer);
  return ids.filter((id) => seen.has(id));
}
