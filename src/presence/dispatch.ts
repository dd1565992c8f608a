import { asError, BusError } from "../errors.ts";
import type { PendingRow } from "../store.ts";
import type { Clock, Timer } from "../util/clock.ts";
import type { Drafts } from "./drafts.ts";
import type { Leases } from "./leases.ts";
import type { MemberId } from "./member.ts";
import { type Deed, nodeRow } from "./rows.ts";

/** The time in which the changes of a moment gather, in ms. */
const GATHER = 50;

/** The pause after the first failed send, in ms. */
const FIRST_PAUSE = 1_000;

/** The refused members after which a dispatch pauses, because the store seems to refuse all. */
const MOST_REFUSED = 10;

/** The parts that a dispatch needs. */
export interface DispatchOptions {
  readonly clock: Clock;
  readonly node: string;
  /** The longest pause after a failed send, in ms. A longer one would make this node look dead after an outage. */
  readonly longestPause: number;
  readonly drafts: Drafts;
  readonly leases: Pick<Leases, "isDead">;
  /** Returns true once the node knows the others well enough to send changes. */
  readonly isReady: () => boolean;
  /** Returns true unless the log may have other members of this node than the node knows. */
  readonly isSure: () => boolean;
  /** Commits one send. */
  readonly send: (rows: readonly PendingRow[]) => Promise<unknown>;
  /** Hears of the first failure of an outage. */
  readonly failed: (error: Error) => void;
}

/**
 * Sends what a node has to say, one send at a time. The dispatch holds names and no texts: a send that waits for the store
 * says in the end what is true then.
 */
export class Dispatch {
  readonly #options: DispatchOptions;
  #changed = new Set<MemberId>();
  readonly #dead = new Set<string>();
  /** The nodes of which another one asks, and which do not answer. */
  readonly #vouched = new Set<string>();
  /** The nodes of which this one asks all others. */
  #asked: readonly string[] = [];
  /** The members of sends that have not come back through the log, by the number of the row. */
  readonly #touched = new Map<number, readonly MemberId[]>();
  #owesAsk = false;
  #owesAnswer = false;
  #owesBeat = false;
  #seq = 0;
  #pause = 0;
  #timer: Timer | undefined;
  #isSending = false;
  #isClosed = false;

  constructor(options: DispatchOptions) {
    this.#options = options;
  }

  /** True if nothing waits to be sent. */
  get isIdle(): boolean {
    return !this.#isSending && !this.#hasWork();
  }

  /** Sends the state of this member, if it is news. */
  change(id: MemberId): void {
    this.#changed.add(id);
    this.wake();
  }

  /** Asks the other nodes for their members, and for those of nodes that have not answered. */
  ask(of: readonly string[]): void {
    this.#owesAsk = true;
    this.#asked = of;
    this.wake();
  }

  /** Sends all members of this node. */
  answer(): void {
    this.#owesAnswer = true;
    this.wake();
  }

  /** Sends all members of another node, which does not answer itself. */
  vouch(node: string): void {
    this.#vouched.add(node);
    this.wake();
  }

  /** Sends a sign of life. */
  beat(): void {
    this.#owesBeat = true;
    this.wake();
  }

  /** Removes the members of a dead node. */
  drop(node: string): void {
    this.#dead.add(node);
    this.wake();
  }

  /** Returns the members that the row of this number concerned. A second call returns none. */
  cameBack(seq: number): readonly MemberId[] {
    const touched = this.#touched.get(seq) ?? [];
    this.#touched.delete(seq);
    return touched;
  }

  /** Plans the next sends, if there is something to send. */
  wake(): void {
    if (this.#timer !== undefined || this.#isSending || this.#isClosed || !this.#hasWork()) return;
    const delay = Math.max(this.#pause, GATHER);
    this.#timer = this.#options.clock.setTimeout(() => void this.#flush(), delay); // #flush never rejects
  }

  /** Queues all members of this node for the next process that opens the log, and sends nothing later. */
  farewell(): void {
    if (this.#isClosed) return;
    for (const deed of this.#options.drafts.farewell()) {
      const row = nodeRow(this.#options.node, this.#next(), deed);
      this.#options.send([row]).catch(() => {}); // the others wait for the grace in any case
    }
    this.close();
  }

  close(): void {
    this.#isClosed = true;
    if (this.#timer !== undefined) this.#options.clock.clearTimeout(this.#timer);
    this.#timer = undefined;
  }

  #hasWork(): boolean {
    if (this.#owesAsk || this.#owesBeat || this.#vouched.size > 0) return true;
    if (this.#owesAnswer && this.#options.isSure()) return true;
    return this.#options.isReady() && this.#changed.size + this.#dead.size > 0;
  }

  async #flush(): Promise<void> {
    this.#timer = undefined;
    this.#isSending = true;
    const ids = this.#changed; // later changes wait for the next moment
    this.#changed = new Set();
    try {
      await this.#sendAll(ids);
      this.#pause = 0;
    } catch (thrown) {
      this.#failed(thrown);
    } finally {
      for (const id of ids) this.#changed.add(id);
      this.#isSending = false;
      this.wake();
    }
  }

  async #sendAll(ids: Set<MemberId>): Promise<void> {
    if (this.#owesAsk) {
      await this.#send({ does: "ask", of: this.#asked });
      this.#owesAsk = false;
    }
    const isReady = this.#options.isReady();
    const failure = isReady ? await this.#sendChanges(ids) : undefined;
    if (isReady) for (const node of this.#dead) await this.#sendDrop(node);
    if (this.#owesAnswer && this.#options.isSure()) await this.#answer();
    for (const node of this.#vouched) {
      await this.#sendParts(node);
      this.#vouched.delete(node);
    }
    if (this.#owesBeat && !this.#isClosed) await this.#send({ does: "set", set: [], gone: [] });
    if (failure !== undefined) throw failure;
  }

  async #sendParts(node: string): Promise<void> {
    for (const part of this.#options.drafts.whole(node)) if (!this.#isClosed) await this.#send(part);
  }

  async #answer(): Promise<void> {
    this.#owesAnswer = false; // a node that asks from here on may have missed the first part
    try {
      await this.#sendParts(this.#options.node);
    } catch (error) {
      this.#owesAnswer = true; // the parts begin anew, because a lost one spoils the rest
      throw error;
    }
  }

  async #sendDrop(node: string): Promise<void> {
    // A node that is heard again keeps the rest of its members, and sends the others anew.
    while (this.#options.leases.isDead(node) && !this.#isClosed) {
      const draft = this.#options.drafts.dropped(node);
      await this.#send(draft.deed, draft.changes, draft.touched);
      if (draft.isLast) break;
    }
    this.#dead.delete(node);
  }

  /**
   * Sends the changes of these members, and leaves in `ids` what was not sent. A refused send is tried again member by
   * member, so that one member holds up no other. Returns the last refusal. Rejects if the store takes no send at all.
   */
  async #sendChanges(ids: Set<MemberId>): Promise<unknown> {
    const refused: MemberId[] = [];
    let [most, failure] = [Number.POSITIVE_INFINITY, undefined as unknown];
    while (!this.#isClosed && this.#options.isReady() && refused.length < MOST_REFUSED) {
      const draft = this.#options.drafts.changed(ids, most);
      if (draft === undefined) break;
      try {
        await this.#send(draft.deed, draft.changes, draft.touched);
      } catch (error) {
        failure = error;
        if (draft.touched.length === 1 || !isRefused(error)) refused.push(...draft.touched);
        else for (const id of draft.touched) ids.add(id);
        if (!isRefused(error)) break;
        most = 1;
      }
    }
    for (const id of refused) ids.add(id);
    if (failure !== undefined && !isRefused(failure)) throw failure;
    return refused.length > 0 ? failure : undefined;
  }

  async #send(deed: Deed, changes: readonly PendingRow[] = [], touched: readonly MemberId[] = []): Promise<void> {
    const seq = this.#next();
    if (touched.length > 0) this.#touched.set(seq, touched);
    try {
      await this.#options.send([nodeRow(this.#options.node, seq, deed), ...changes]);
      this.#owesBeat = false; // each row is a sign of life
    } finally {
      this.#touched.delete(seq);
    }
  }

  #failed(thrown: unknown): void {
    if (this.#isClosed) return;
    if (this.#pause === 0) this.#options.failed(asError(thrown));
    this.#pause = Math.min(this.#options.longestPause, Math.max(FIRST_PAUSE, this.#pause * 2));
  }

  #next(): number {
    this.#seq += 1;
    return this.#seq;
  }
}

/** Returns true if the store refuses this send, and may take others. */
function isRefused(error: unknown): boolean {
  return error instanceof BusError && error.refused && !error.unavailable;
}
