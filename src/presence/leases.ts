import type { Clock, Timer } from "../util/clock.ts";
import type { Nodes } from "./nodes.ts";

/** The number of beats in a grace. */
const BEATS = 4;

/** The silence, in beats of the judge, after which a node is dead: the third beat finds more than this. */
const SILENCE = 2.5;

/** The silence that a node gets which said that it closes. Its clients have the whole grace to come back. */
const FAREWELL = 3.5;

/** The beats after which any node drops a dead one, because the judge may not know of its members. */
const TURN = 1;

/** The parts that leases need. */
export interface LeasesOptions {
  readonly clock: Clock;
  readonly grace: number;
  /** The name of this node. */
  readonly node: string;
  readonly nodes: Nodes;
  /** True if other processes may read the log. Without any, nobody hears a beat. */
  readonly isShared: boolean;
  /** Returns true if this node has members. */
  readonly hasMembers: () => boolean;
  /** Sends a sign of life. */
  readonly beat: () => void;
  /** Drops a dead node and its members. */
  readonly drop: (node: string) => void;
}

/**
 * Beats for this node, and judges the silence of others. Silence is measured in this node's own beats that came back
 * through the log. A judge that was stopped, or a store that was down, makes nobody look dead.
 */
export class Leases {
  readonly #options: LeasesOptions;
  readonly #interval: number;
  /** The time for which the log has carried this node's beats, in ms. */
  #live = 0;
  /** The monotonic time of this node's newest row. */
  #heardOwn: number | undefined;
  #timer: Timer | undefined;
  #isClosed = false;

  constructor(options: LeasesOptions) {
    this.#options = options;
    this.#interval = options.grace / BEATS;
  }

  /** Notes a row of a node. */
  hear(node: string): void {
    this.#options.nodes.hear(node, this.#live);
  }

  /** Notes that a row of this node came back, and judges the others. */
  hearOwn(): void {
    const now = this.#options.clock.monotonic();
    // The elapsed time counts as one beat at most: in the rest of it, no other node could be heard either.
    if (this.#heardOwn !== undefined) this.#live += Math.min(now - this.#heardOwn, this.#interval);
    this.#heardOwn = now;
    this.#judge();
  }

  /** Returns true for a node whose members have to go. */
  isDead(node: string): boolean {
    return this.#isSilent(node, 0);
  }

  /** Plans the next beat if this node, or another, has members. */
  wake(): void {
    if (this.#timer !== undefined || this.#isClosed || !this.#isNeeded()) return;
    this.#timer = this.#options.clock.setTimeout(() => this.#beat(), this.#interval);
  }

  close(): void {
    this.#isClosed = true;
    if (this.#timer !== undefined) this.#options.clock.clearTimeout(this.#timer);
    this.#timer = undefined;
  }

  #beat(): void {
    this.#timer = undefined;
    if (this.#isNeeded()) this.#options.beat();
    this.wake();
  }

  #isSilent(node: string, more: number): boolean {
    const { nodes } = this.#options;
    const silence = (nodes.hasLeft(node) ? FAREWELL : SILENCE) + more;
    return nodes.has(node) && this.#live - nodes.heard(node) >= silence * this.#interval;
  }

  #isNeeded(): boolean {
    const { nodes, isShared, hasMembers } = this.#options;
    if (!isShared) return false;
    return hasMembers() || nodes.names.some((name) => nodes.idsOf(name).size > 0);
  }

  // One node judges, so that the changes are sent once: the first by name of those that live. If two judge, the changes
  // apply twice without harm.
  #judge(): void {
    const { node, nodes, drop } = this.#options;
    const others = nodes.names.filter((name) => name !== node);
    const dead = others.filter((name) => this.isDead(name));
    const isJudge = others.every((name) => node < name || nodes.hasLeft(name) || this.isDead(name));
    for (const name of dead) {
      if (nodes.idsOf(name).size === 0) nodes.forget(name);
      else if (isJudge || this.#isSilent(name, TURN)) drop(name);
    }
  }
}
