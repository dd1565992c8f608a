import type { Row, Unseen } from "../store.ts";
import type { Announced } from "./announced.ts";
import { isChanges, NODES_KEY } from "./channels.ts";
import type { Leases } from "./leases.ts";
import type { MemberId } from "./member.ts";
import type { Nodes } from "./nodes.ts";
import { entryOf, type NodeRow, readChange, readNodeRow } from "./rows.ts";

/** A row of the log, with what presence needs of it. */
export type TakenRow = Pick<Row, "key" | "json" | "send">;

/** The state that a replica keeps, and the receivers of its news. */
export interface ReplicaOptions {
  readonly node: string;
  readonly nodes: Nodes;
  readonly announced: Announced;
  readonly leases: Pick<Leases, "hear" | "hearOwn">;
  /** Returns true once rows are news, and not a replay. */
  readonly isLive: () => boolean;
  /** Returns true once the node knows all others. */
  readonly isReady: () => boolean;
  /** Returns the members that this node's row of this number concerned. */
  readonly cameBack: (seq: number) => readonly MemberId[];
  /** Called with each member whose announced state may not be the true one. */
  readonly recheck: (id: MemberId) => void;
  /** Called when another node, or this one, asked for all members. */
  readonly asked: (node: string, of: readonly string[]) => void;
  /** Returns true if this node waits for the members of that node. */
  readonly isExpected: (node: string) => boolean;
  /** Called with each node that has members. */
  readonly heardOf: (node: string) => void;
  /** Called when all members of a node have come. */
  readonly answered: (node: string) => void;
  /** Called with a row that is none of this version. */
  readonly strange: (row: TakenRow) => void;
}

/**
 * Applies the rows of presence in the order of the log. All nodes apply the same rows in the same order, so they agree
 * on the members of each node and on what readers were told. A node that sent a row compares both once its send has come
 * back, because another node's send may have come between.
 */
export class Replica {
  readonly #options: ReplicaOptions;
  /** The send that is being applied. */
  #send = 0;
  /** The members to compare at its end. */
  #touched: Iterable<MemberId> = [];
  /** The members of sends that came back while this node did not know the others. */
  #unsettled = new Set<MemberId>();

  constructor(options: ReplicaOptions) {
    this.#options = options;
  }

  /** Applies the rows of presence among these. */
  take(rows: readonly TakenRow[]): void {
    for (const row of rows) {
      if (row.send !== this.#send) this.#settle(row.send);
      if (row.key === NODES_KEY) this.#takeNodeRow(row);
      else if (isChanges(row.key)) this.#takeChange(row);
    }
    this.#settle(0);
  }

  /** Returns the members that were not compared, because this node did not know the others. A second call returns none. */
  takeUnsettled(): ReadonlySet<MemberId> {
    const unsettled = this.#unsettled;
    this.#unsettled = new Set();
    return unsettled;
  }

  /** Returns the channels of changes that lost rows before this process saw them; undefined if all may have. */
  static lost({ watermarks, floor }: Unseen, newest: number): ReadonlySet<string> | undefined {
    if (floor > newest) return undefined;
    const lost = watermarks.filter(([key, id]) => id > newest && (isChanges(key) || key === NODES_KEY));
    return new Set(lost.map(([key]) => key));
  }

  #settle(send: number): void {
    const touched = this.#touched;
    this.#send = send;
    this.#touched = [];
    const { nodes, announced, recheck, isReady } = this.#options;
    if (!isReady()) for (const id of touched) this.#unsettled.add(id);
    else for (const id of touched) if (!announced.isTrue(id, nodes.truth(id))) recheck(id);
  }

  #takeChange(row: TakenRow): void {
    const change = readChange(row.json);
    if (change === undefined) this.#options.strange(row);
    else this.#options.announced.apply(row.key, change);
  }

  #takeNodeRow(row: TakenRow): void {
    const read = readNodeRow(row.json);
    if (read === undefined) {
      this.#options.strange(row);
      return;
    }
    const { node, leases, cameBack } = this.#options;
    leases.hear(read.node);
    this.#apply(read);
    if (read.node !== node) return;
    const own = cameBack(read.seq);
    if (own.length > 0) this.#touched = [...this.#touched, ...own];
    if (this.#options.isLive()) leases.hearOwn();
  }

  #apply(row: NodeRow): void {
    const { nodes, isLive, asked, announced } = this.#options;
    if ("told" in row) announced.statuses.apply(row.told ?? []);
    switch (row.does) {
      case "ask":
        if (isLive()) asked(row.node, row.of);
        break;
      case "set":
        for (const item of row.set) nodes.set(row.node, item[0], entryOf(item));
        for (const id of row.gone) nodes.remove(row.node, id);
        break;
      case "part":
        this.#takePart(row);
        break;
      case "drop":
        this.#drop(row);
    }
  }

  #takePart(row: NodeRow & { readonly does: "part" }): void {
    const { nodes, isLive, isExpected, heardOf, answered } = this.#options;
    if (isLive()) for (const name of row.knows) heardOf(name);
    if (row.of !== row.node && !isExpected(row.of)) return; // the node itself knows better
    const entries = row.set.map((item) => [item[0], entryOf(item)] as const);
    const touched = nodes.takePart(row.of, row, entries);
    if (touched === undefined || !isLive()) return;
    if (this.#options.isReady()) this.#touched = touched;
    answered(row.of);
  }

  // A node that was taken for dead sends its members again.
  #drop(row: NodeRow & { readonly does: "drop" }): void {
    const { node, nodes, recheck } = this.#options;
    const isOwn = row.of === node;
    // All others forget this node as a whole, also a member that came while the drop was on its way.
    for (const id of row.all && isOwn ? [...nodes.idsOf(node)] : row.gone) {
      nodes.remove(row.of, id);
      if (isOwn) recheck(id);
    }
    if (!row.all || isOwn) return;
    this.#touched = [...nodes.idsOf(row.of)]; // members that the sender did not know, because it opened too late
    nodes.forget(row.of);
  }
}
