import type { MemberId, MemberStatus } from "./member.ts";
import type { Entry } from "./rows.ts";

/** A member over all nodes. */
export interface Truth {
  readonly info: unknown;
  readonly text: string;
  readonly status: MemberStatus;
  readonly channels: ReadonlyMap<string, number>;
}

/** A node with another entry than the one that the log has, or with none. */
export interface Instead {
  readonly node: string;
  readonly entry: Entry | undefined;
}

interface Node {
  readonly ids: Set<MemberId>;
  /** The reading of the live clock at the node's last row. */
  heard: number;
  /** True if the node said that it closes. */
  hasLeft: boolean;
  /** The parts of all its members that have come so far. */
  parts: Map<MemberId, Entry> | undefined;
  /** The number of the next part. */
  nextPart: number;
}

/** The members of each node, as the rows of the log make them. Every node that reads the log has the same. */
export class Nodes {
  readonly #nodes = new Map<string, Node>();
  readonly #holders = new Map<MemberId, Map<string, Entry>>();

  /** The names of all known nodes. */
  get names(): readonly string[] {
    return [...this.#nodes.keys()];
  }

  /** The ids of all members. */
  get ids(): Iterable<MemberId> {
    return this.#holders.keys();
  }

  has(node: string): boolean {
    return this.#nodes.has(node);
  }

  /** Returns the ids of a node's members. */
  idsOf(node: string): ReadonlySet<MemberId> {
    return this.#nodes.get(node)?.ids ?? NOBODY;
  }

  heard(node: string): number {
    return this.#nodes.get(node)?.heard ?? 0;
  }

  hasLeft(node: string): boolean {
    return this.#nodes.get(node)?.hasLeft ?? false;
  }

  entry(node: string, id: MemberId): Entry | undefined {
    return this.#holders.get(id)?.get(node);
  }

  /** Notes that a node lives, at this reading of the live clock. */
  hear(node: string, live: number): void {
    const known = this.#nodes.get(node);
    if (known !== undefined) known.heard = live;
    else {
      const made = { ids: new Set<MemberId>(), heard: live, hasLeft: false, parts: undefined, nextPart: 0 };
      this.#nodes.set(node, made);
    }
  }

  set(node: string, id: MemberId, entry: Entry): void {
    this.#nodes.get(node)?.ids.add(id);
    const holders = this.#holders.get(id);
    if (holders === undefined) this.#holders.set(id, new Map([[node, entry]]));
    else holders.set(node, entry);
  }

  remove(node: string, id: MemberId): void {
    this.#nodes.get(node)?.ids.delete(id);
    const holders = this.#holders.get(id);
    holders?.delete(node);
    if (holders?.size === 0) this.#holders.delete(id);
  }

  /** Takes one part of all members of a node. Returns the ids that may have changed if the part is the last. */
  takePart(
    node: string,
    { part, parts, leaves }: { readonly part: number; readonly parts: number; readonly leaves: boolean },
    entries: Iterable<readonly [MemberId, Entry]>,
  ): ReadonlySet<MemberId> | undefined {
    const known = this.#nodes.get(node);
    if (known === undefined) return undefined;
    known.hasLeft = leaves;
    if (part === 0) known.parts = new Map();
    else if (part !== known.nextPart) known.parts = undefined; // a part was lost, and the rest is of no use
    known.nextPart = part + 1;
    for (const [id, entry] of entries) known.parts?.set(id, entry);
    if (known.parts === undefined || part < parts - 1) return undefined;
    return this.#replace(node, known, known.parts);
  }

  /** Forgets a node and its members. */
  forget(node: string): void {
    for (const id of [...this.idsOf(node)]) this.remove(node, id);
    this.#nodes.delete(node);
  }

  clear(): void {
    this.#nodes.clear();
    this.#holders.clear();
  }

  /**
   * Returns the member over all nodes, undefined if no node has it. A member is online if any node saw activity, or if
   * none had a report. Its info is the newest, and its join the earliest.
   */
  truth(id: MemberId, instead?: Instead): Truth | undefined {
    let newest: { readonly entry: Entry; readonly node: string } | undefined;
    const activities = new Set<string>();
    const channels = new Map<string, number>();
    for (const [node, entry] of this.#entries(id, instead)) {
      const order = newest === undefined ? 1 : entry.at - newest.entry.at || (node > newest.node ? 1 : -1);
      if (order > 0) newest = { entry, node };
      activities.add(entry.activity);
      for (const [key, since] of entry.channels) channels.set(key, Math.min(since, channels.get(key) ?? since));
    }
    if (newest === undefined) return undefined;
    const status = activities.has("away") && !activities.has("active") ? "away" : "online";
    return { info: newest.entry.info, text: newest.entry.text, status, channels };
  }

  *#entries(id: MemberId, instead: Instead | undefined): Generator<readonly [string, Entry]> {
    for (const held of this.#holders.get(id) ?? []) if (held[0] !== instead?.node) yield held;
    if (instead?.entry !== undefined) yield [instead.node, instead.entry];
  }

  #replace(node: string, known: Node, entries: ReadonlyMap<MemberId, Entry>): ReadonlySet<MemberId> {
    const touched = new Set([...known.ids, ...entries.keys()]);
    known.parts = undefined;
    for (const id of [...known.ids]) if (!entries.has(id)) this.remove(node, id);
    for (const [id, entry] of entries) this.set(node, id, entry);
    return touched;
  }
}

const NOBODY: ReadonlySet<never> = new Set();
