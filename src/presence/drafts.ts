import type { PendingRow } from "../store.ts";
import type { Announced, Difference } from "./announced.ts";
import type { Locals } from "./locals.ts";
import type { Member, MemberId } from "./member.ts";
import type { Nodes, Truth } from "./nodes.ts";
import { changeRow, type Deed, type Entry, itemOf, ROW_SIZE, type Told } from "./rows.ts";
import type { Statuses } from "./statuses.ts";

/** A send before it has a row of its node: the deed, the changes for readers, and the members that both concern. */
export interface Draft {
  readonly deed: Deed;
  readonly changes: readonly PendingRow[];
  readonly touched: readonly MemberId[];
  /** True if no further send follows. */
  readonly isLast: boolean;
}

/** The state from which sends are made. */
export interface DraftsOptions {
  /** The name of this node. */
  readonly node: string;
  readonly nodes: Nodes;
  readonly announced: Announced;
  readonly locals: Locals;
}

/** The size of an id, a status and two times with their punctuation, in UTF-16 units. */
const AROUND = 80;

/** Writes the sends of a node. Each takes as many members as fit into one row. */
export class Drafts {
  readonly #options: DraftsOptions;

  constructor(options: DraftsOptions) {
    this.#options = options;
  }

  /**
   * Writes the present state of members, of `most` at most, and takes them from `ids`. Returns undefined if nothing of
   * them is news.
   */
  changed(ids: Set<MemberId>, most: number): Draft | undefined {
    const { node, nodes, announced, locals } = this.#options;
    const deed = { does: "set" as const, set: [] as ReturnType<typeof itemOf>[], gone: [] as MemberId[] };
    const changes = new Changes(announced.statuses);
    const touched: MemberId[] = [];
    let size = 0;
    for (const id of ids) {
      ids.delete(id);
      this.#adoptJoins(id);
      const [entry, sent] = [locals.entry(id), nodes.entry(node, id)];
      const isNews = entry === undefined ? sent !== undefined : !isSame(entry, sent);
      if (isNews && entry !== undefined) deed.set.push(itemOf(id, entry));
      if (isNews && entry === undefined) deed.gone.push(id);
      const truth = nodes.truth(id, { node, entry });
      const differences = announced.differences(id, truth);
      for (const one of differences) changes.add(one);
      const told = changes.tell(id, truth);
      if (!isNews && differences.length === 0 && told === 0) continue;
      touched.push(id);
      size += told;
      size += (isNews ? sizeOf(entry) : 0) + differences.length * (AROUND + (entry?.text.length ?? 0));
      if (size >= ROW_SIZE || touched.length >= most) break;
    }
    if (touched.length === 0) return undefined;
    return { deed: { ...deed, ...changes.told }, changes: changes.rows, touched, isLast: ids.size === 0 };
  }

  /** Writes the removal of another node's members, or of the first of them. */
  dropped(of: string): Draft {
    const { nodes, announced } = this.#options;
    const changes = new Changes(announced.statuses);
    const gone: MemberId[] = [];
    const ids = nodes.idsOf(of);
    let size = 0;
    for (const id of ids) {
      gone.push(id);
      const truth = nodes.truth(id, { node: of, entry: undefined });
      const differences = announced.differences(id, truth);
      for (const one of differences) changes.add(one);
      size += AROUND * (1 + differences.length) + changes.tell(id, truth);
      if (size >= ROW_SIZE) break;
    }
    const all = gone.length === ids.size;
    return {
      deed: { does: "drop", of, gone, all, ...changes.told },
      changes: changes.rows,
      touched: gone,
      isLast: all,
    };
  }

  /** Writes all members of a node as the log has them, in parts. */
  whole(node: string): readonly Deed[] {
    const { nodes } = this.#options;
    return this.#parts(
      node,
      false,
      [...nodes.idsOf(node)].map((id) => [id, nodes.entry(node, id)] as const),
    );
  }

  /** Writes all members of this node, in parts that say that it closes. The log may not have the newest yet. */
  farewell(): readonly Deed[] {
    const { node, locals } = this.#options;
    return this.#parts(
      node,
      true,
      [...locals.ids].map((id) => [id, locals.entry(id)] as const),
    );
  }

  #parts(
    node: string,
    leaves: boolean,
    members: readonly (readonly [id: MemberId, entry: Entry | undefined])[],
  ): readonly Deed[] {
    const { nodes } = this.#options;
    const pages: ReturnType<typeof itemOf>[][] = [[]];
    let size = 0;
    for (const [id, entry] of members) {
      if (entry === undefined) continue;
      if (size >= ROW_SIZE) {
        pages.push([]);
        size = 0;
      }
      pages.at(-1)?.push(itemOf(id, entry));
      size += sizeOf(entry);
    }
    const knows = nodes.names.filter((name) => nodes.idsOf(name).size > 0);
    const around = { does: "part" as const, parts: pages.length, leaves, of: node };
    return pages.map((set, part) => ({ ...around, part, set, knows: part === 0 ? knows : [] }));
  }

  // A member that comes from another node has joined when it joined there.
  #adoptJoins(id: MemberId): void {
    const { announced, locals } = this.#options;
    for (const key of locals.entry(id)?.channels.keys() ?? []) {
      const known = announced.get(key, id);
      if (known !== undefined) locals.joinedAt(id, key, known.since);
    }
  }
}

/** The changes of a send, by channel, and the rows that tell of statuses. */
class Changes {
  readonly #statuses: Statuses;
  readonly #told: Told[] = [];
  readonly #toldRows: PendingRow[] = [];
  readonly #of = new Map<string, { joins: Member[]; leaves: MemberId[]; changes: Member[] }>();

  constructor(statuses: Statuses) {
    this.#statuses = statuses;
  }

  get rows(): readonly PendingRow[] {
    return [...[...this.#of].map(([key, change]) => changeRow(key, change)), ...this.#toldRows];
  }

  /** The field of the node's row that names the statuses. */
  get told(): { readonly told?: readonly Told[] } {
    return this.#told.length === 0 ? {} : { told: this.#told };
  }

  /** Tells of the status of a member if that is news. Returns the size of the rows; 0 if it is none. */
  tell(id: MemberId, truth: Truth | undefined): number {
    const status = this.#statuses.news(id, truth);
    if (status === undefined) return 0;
    const rows = this.#statuses.rowsOf(id, status);
    this.#told.push([id, status]);
    this.#toldRows.push(...rows);
    return rows.reduce((size, { key, json }) => size + key.length + json.length, AROUND / 2);
  }

  add(one: Difference): void {
    const change = this.#of.get(one.key) ?? { joins: [], leaves: [], changes: [] };
    this.#of.set(one.key, change);
    if (one.kind === "leaves") change.leaves.push(one.id);
    else change[one.kind].push(one.member);
  }
}

function sizeOf(entry: Entry | undefined): number {
  if (entry === undefined) return AROUND;
  let size = AROUND + entry.text.length;
  for (const key of entry.channels.keys()) size += key.length + AROUND / 4;
  return size;
}

function isSame(one: Entry, other: Entry | undefined): boolean {
  if (other === undefined || one.text !== other.text || one.at !== other.at) return false;
  if (one.activity !== other.activity || one.channels.size !== other.channels.size) return false;
  for (const [key, since] of one.channels) if (other.channels.get(key) !== since) return false;
  return true;
}
