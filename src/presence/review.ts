import type { Announced } from "./announced.ts";
import type { MemberId } from "./member.ts";
import type { Nodes } from "./nodes.ts";

/** The number of members that one look takes. */
const REVIEWED = 1_000;

/**
 * Compares the members with what readers were told of them, some at each look. A node that lost rows takes some changes for
 * told that were not, and the review finds them.
 */
export class Review {
  readonly #nodes: Nodes;
  readonly #announced: Announced;
  readonly #differs: (id: MemberId) => void;
  #rest: Iterator<MemberId, void>;

  /** `differs` is called with each member of whom readers were told something else. */
  constructor(nodes: Nodes, announced: Announced, differs: (id: MemberId) => void) {
    this.#nodes = nodes;
    this.#announced = announced;
    this.#differs = differs;
    this.#rest = this.#all();
  }

  /** Compares one member. */
  compare(id: MemberId): void {
    if (!this.#announced.isTrue(id, this.#nodes.truth(id))) this.#differs(id);
  }

  /** Compares the next members. After the last of them it begins anew. */
  look(): void {
    for (let count = 0; count < REVIEWED; count += 1) {
      const next = this.#rest.next();
      if (next.done === true) {
        this.#rest = this.#all();
        return;
      }
      this.compare(next.value);
    }
  }

  *#all(): Generator<MemberId, void> {
    yield* this.#nodes.ids;
    yield* this.#announced.ids();
  }
}
