import { NODES_KEY } from "./channels.ts";
import type { Member, MemberId, PresenceChange } from "./member.ts";
import type { Truth } from "./nodes.ts";
import type { Entry } from "./rows.ts";
import type { Statuses } from "./statuses.ts";

/** The change of one member on one channel. */
export type Difference = { readonly key: string } & (
  | { readonly kind: "joins" | "changes"; readonly member: Member }
  | { readonly kind: "leaves"; readonly id: MemberId }
);

/** The members of each channel, and their statuses, as readers know them: every change that was sent, applied in the order of the log. */
export class Announced {
  readonly statuses: Statuses;
  readonly #channels = new Map<string, Map<MemberId, Member>>();
  readonly #keysOf = new Map<MemberId, Set<string>>();

  constructor(statuses: Statuses) {
    this.statuses = statuses;
  }

  /** The ids of all members. Some come twice. */
  *ids(): Generator<MemberId, void> {
    yield* this.#keysOf.keys();
    yield* this.statuses.ids;
  }

  /** The channels that have members. */
  get keys(): Iterable<string> {
    return this.#channels.keys();
  }

  /** Returns the members of a channel. */
  of(key: string): readonly Member[] {
    return [...(this.#channels.get(key)?.values() ?? [])];
  }

  get(key: string, id: MemberId): Member | undefined {
    return this.#channels.get(key)?.get(id);
  }

  /** Applies the changes of a row. */
  apply(key: string, { joins, leaves, changes }: PresenceChange): void {
    for (const member of joins) this.#set(key, member);
    for (const member of changes) this.#set(key, member);
    for (const id of leaves) this.#remove(key, id);
  }

  /** Returns true if the readers know the truth of a member. */
  isTrue(id: MemberId, truth: Truth | undefined): boolean {
    return this.differences(id, truth).length === 0 && this.statuses.news(id, truth) === undefined;
  }

  /** Returns the changes that make the readers know the truth of a member. */
  differences(id: MemberId, truth: Truth | undefined): readonly Difference[] {
    const found: Difference[] = [];
    for (const key of this.#keysOf.get(id) ?? []) {
      if (truth?.channels.has(key) !== true) found.push({ key, kind: "leaves", id });
    }
    if (truth === undefined) return found;
    const { info, text, status } = truth;
    for (const [key, since] of truth.channels) {
      const known = this.get(key, id);
      const member = { id, info, status, since };
      if (known === undefined) found.push({ key, kind: "joins", member });
      else if (known.status !== status || known.since !== since || JSON.stringify(known.info) !== text)
        found.push({ key, kind: "changes", member });
    }
    return found;
  }

  /**
   * Takes over the truth of a member on channels of which rows were lost. A member that is on none of its nodes stays
   * announced, so that its leave is sent, perhaps again. One that is `here` is forgotten, so that its join is. The same
   * holds for its status.
   */
  adopt(
    id: MemberId,
    truth: Truth | undefined,
    { isLost, here }: { readonly isLost: (key: string) => boolean; readonly here: Entry | undefined },
  ): void {
    if (isLost(NODES_KEY)) this.statuses.adopt(id, truth, here !== undefined);
    for (const one of this.differences(id, truth)) {
      if (!isLost(one.key)) continue;
      if (one.kind !== "leaves") this.#set(one.key, one.member);
      else if (here?.channels.has(one.key) === true) this.#remove(one.key, id);
    }
  }

  clear(): void {
    this.#channels.clear();
    this.#keysOf.clear();
    this.statuses.clear();
  }

  #set(key: string, member: Member): void {
    const channel = this.#channels.get(key);
    if (channel === undefined) this.#channels.set(key, new Map([[member.id, member]]));
    else channel.set(member.id, member);
    const keys = this.#keysOf.get(member.id);
    if (keys === undefined) this.#keysOf.set(member.id, new Set([key]));
    else keys.add(key);
  }

  #remove(key: string, id: MemberId): void {
    const channel = this.#channels.get(key);
    if (channel?.delete(id) !== true) return;
    if (channel.size === 0) this.#channels.delete(key);
    const keys = this.#keysOf.get(id);
    keys?.delete(key);
    if (keys?.size === 0) this.#keysOf.delete(id);
  }
}
