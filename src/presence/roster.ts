import type { Claim } from "../core/claim.ts";
import type { Hub } from "../core/hub.ts";
import { asError, closed } from "../errors.ts";
import type { PendingRow, Unseen } from "../store.ts";
import { quietly } from "../util/quiet-clock.ts";
import { Announced } from "./announced.ts";
import { isOwn, NODES_KEY } from "./channels.ts";
import { Checkpoints } from "./checkpoints.ts";
import { Dispatch } from "./dispatch.ts";
import { Drafts } from "./drafts.ts";
import { Knowledge } from "./knowledge.ts";
import { Leases } from "./leases.ts";
import { Locals } from "./locals.ts";
import type { Member, MemberId, Status } from "./member.ts";
import { Nodes } from "./nodes.ts";
import { Notices } from "./notices.ts";
import { Replica, type TakenRow } from "./replica.ts";
import { Review } from "./review.ts";
import { type RowsOf, Statuses } from "./statuses.ts";

/** The longest pause after a failed send, in ms, and as a share of the grace: half the time between two beats. */
const PAUSE = { longest: 30_000, share: 1 / 8 };

/** The bus and the bounds of a roster. */
export interface RosterOptions {
  readonly hub: Hub;
  /** Commits rows as one send. */
  readonly send: (rows: readonly PendingRow[]) => Promise<unknown>;
  readonly grace: number;
  readonly away: number;
  /** Returns the rows that tell of a status. Absent if nothing tells of it. */
  readonly rowsOf: RowsOf | undefined;
  /** Hears of failures of which no caller hears. */
  readonly failed: (error: Error) => void;
}

/** The members as this node knows them, and the parts that keep them the same on every node. */
export class Roster implements Claim {
  readonly locals: Locals;
  readonly #options: RosterOptions;
  /** The name of this node. */
  readonly #node = crypto.randomUUID().slice(-12);
  readonly #nodes = new Nodes();
  readonly #announced: Announced;
  readonly #review: Review;
  readonly #leases: Leases;
  readonly #replica: Replica;
  readonly #dispatch: Dispatch;
  readonly #knowledge: Knowledge;
  readonly #checkpoints: Checkpoints;
  #isLive = false;
  #isClosed = false;
  /** False from a loss of rows until the node knows the others again: they may have dropped its members. */
  #isSure = true;
  /** The channels of changes that lost rows. `undefined` stands for all: readers of this node know nothing yet. */
  #lost: Set<string> | undefined;

  constructor(options: RosterOptions) {
    const { hub, grace, away, send, failed } = options;
    const clock = quietly(hub.clock);
    const node = this.#node;
    this.#options = options;
    const notices = new Notices(failed);
    this.#announced = new Announced(new Statuses(options.rowsOf));
    const [nodes, announced] = [this.#nodes, this.#announced];
    const change = (id: MemberId): void => this.#dispatch.change(id);
    this.#review = new Review(nodes, announced, change);
    this.locals = new Locals({
      clock,
      grace,
      away,
      changed: (id) => this.#changed(id),
      full: (id) => notices.full(id),
    });
    this.#leases = new Leases({
      clock,
      grace,
      node,
      nodes,
      isShared: hub.isKept,
      hasMembers: () => this.locals.size > 0,
      beat: () => {
        if (this.#knowledge.isComplete) this.#review.look();
        this.#dispatch.beat();
      },
      drop: (dead) => this.#dispatch.drop(dead),
    });
    this.#knowledge = new Knowledge({
      clock,
      node,
      isShared: hub.isKept,
      expected: () => nodes.names.filter((name) => name !== node && !nodes.hasLeft(name)),
      ask: (of) => this.#dispatch.ask(of),
      known: () => this.#know(),
    });
    const isReady = (): boolean => this.#knowledge.isComplete;
    const longestPause = Math.min(PAUSE.longest, grace * PAUSE.share);
    const drafts = new Drafts({ node, nodes, announced, locals: this.locals });
    this.#dispatch = new Dispatch({
      clock,
      longestPause,
      node,
      drafts,
      leases: this.#leases,
      isReady,
      isSure: () => this.#isSure,
      send,
      failed,
    });
    this.#checkpoints = new Checkpoints({
      clock,
      isShared: hub.isKept,
      size: () => ({ parts: drafts.whole(node).length, nodes: nodes.names.length }),
      send: () => {
        if (this.locals.size > 0) this.#dispatch.answer();
      },
    });
    this.#replica = new Replica({
      node,
      nodes,
      announced,
      leases: this.#leases,
      isLive: () => this.#isLive,
      isReady,
      cameBack: (seq) => this.#dispatch.cameBack(seq),
      recheck: change,
      asked: (name, of) => this.#asked(name, of),
      isExpected: (name) => this.#knowledge.isExpected(name),
      heardOf: (name) => {
        if (name === node || nodes.has(name)) return;
        this.#leases.hear(name);
        this.#knowledge.expect(name);
      },
      answered: (name) => this.#knowledge.answered(name),
      strange: (row) => notices.strange(row),
    });
    if (hub.isClosing) throw closed();
    hub.claim(this);
    this.#open(hub);
  }

  /** Returns the announced members of a channel of changes. */
  members(key: string): readonly Member[] {
    return this.#announced.of(key);
  }

  status(id: MemberId): Status {
    return this.#nodes.truth(id)?.status ?? "offline";
  }

  /** Resolves once this node knows the members of all others. Rejects with `store` or `closed`. */
  ready(): Promise<void> {
    return this.#isClosed ? Promise.reject(closed()) : this.#knowledge.whole;
  }

  fits(key: string): boolean {
    return isOwn(key);
  }

  take(rows: readonly TakenRow[]): void {
    try {
      this.#replica.take(rows);
      if (!this.#isLive) return;
      this.#leases.wake();
      this.#checkpoints.count(rows.filter(({ key }) => key === NODES_KEY).length);
    } catch (thrown) {
      this.#options.failed(asError(thrown)); // a failure here must not keep rows from the readers
    }
  }

  noteTrims(unseen: Unseen, newest: number): void {
    if (!this.#isLive) return;
    const lost = Replica.lost(unseen, newest);
    if (lost?.size === 0) return;
    if (lost === undefined) this.#lost = undefined;
    else for (const key of lost) this.#lost?.add(key);
    this.#isSure = false;
    this.#nodes.forget(this.#node); // the node sends its members again
    this.#knowledge.begin();
  }

  reset(): void {
    this.#nodes.clear();
    this.#announced.clear();
    this.#lost = undefined;
    if (this.#isLive) this.#knowledge.begin();
  }

  farewell(): void {
    if (this.#options.hub.isKept && this.locals.size > 0) this.#dispatch.farewell();
    this.#stop();
  }

  close(): void {
    this.#stop();
  }

  #stop(): void {
    if (this.#isClosed) return;
    this.#isClosed = true;
    this.#dispatch.close();
    this.#leases.close();
    this.locals.close();
    this.#knowledge.fail(closed());
  }

  #open(hub: Hub): void {
    const begin = (): void => {
      this.#isLive = true;
      if (!this.#isClosed) this.#knowledge.begin();
    };
    const rows = hub.retained(NODES_KEY);
    this.take(rows.map(({ id, parts: [, json] }) => ({ key: NODES_KEY, json, send: id })));
    if (hub.isLive) begin();
    else hub.opening.then(begin, (reason: unknown) => this.#knowledge.fail(reason));
  }

  /** Takes the true members for the announced ones, on channels of which this node lost rows, and compares the rest. */
  #know(): void {
    const lost = this.#lost;
    this.#lost = new Set();
    this.#isSure = true;
    const isLost = (key: string): boolean => lost?.has(key) ?? true;
    const unsettled = this.#replica.takeUnsettled();
    for (const id of new Set([...this.#nodes.ids, ...this.#announced.ids()])) {
      const here = this.locals.entry(id);
      if (!unsettled.has(id)) this.#announced.adopt(id, this.#nodes.truth(id), { isLost, here });
      this.#review.compare(id);
    }
    for (const id of this.locals.ids) this.#dispatch.change(id);
    this.#leases.wake();
  }

  #asked(name: string, of: readonly string[]): void {
    this.#knowledge.asked(name);
    if (name === this.#node) return;
    if (of.length === 0 || of.includes(this.#node)) {
      this.#checkpoints.note();
      this.#dispatch.answer();
    }
    const others = this.#nodes.names.filter((one) => one !== name && one !== this.#node && !of.includes(one));
    if (others.some((one) => one < this.#node && !this.#leases.isDead(one))) return; // one answer is enough
    for (const one of of) if (this.#nodes.idsOf(one).size > 0) this.#dispatch.vouch(one);
  }

  #changed(id: MemberId): void {
    this.#dispatch.change(id);
    if (this.#isLive) this.#leases.wake();
  }
}
