import pDefer, { type DeferredPromise } from "p-defer";
import type { Clock, Timer } from "../util/clock.ts";

/** The wait for the answers of other nodes, in ms, before any node is asked of those that do not answer. */
const WAIT = 1_000;

/** The clock, and the parts that take part in asking. */
export interface KnowledgeOptions {
  readonly clock: Clock;
  /** The name of this node. */
  readonly node: string;
  /** True if other processes may read the log. */
  readonly isShared: boolean;
  /** Returns the nodes of which an answer is expected. */
  readonly expected: () => readonly string[];
  /** Asks all nodes for their members, and any node for those of the nodes that have not answered. */
  readonly ask: (of: readonly string[]) => void;
  /** Called each time the node knows the others. */
  readonly known: () => void;
}

/**
 * Tells if a node knows the members of all others. A node that opens, or that lost rows, asks the others. After a second
 * any node answers for those that do not, and after two the node takes what it has for all. The time begins when the log
 * has the question, so that a store that is down makes nobody look alone.
 */
export class Knowledge {
  readonly #options: KnowledgeOptions;
  #waiting: DeferredPromise<void> = deferred();
  #expected = new Set<string>();
  #isAsked = false;
  #isComplete = false;
  #timer: Timer | undefined;

  constructor(options: KnowledgeOptions) {
    this.#options = options;
  }

  /** True while the node knows all others. */
  get isComplete(): boolean {
    return this.#isComplete;
  }

  /** Resolves once the node knows all others. Rejects with the reason of `fail`. */
  get whole(): Promise<void> {
    return this.#waiting.promise;
  }

  /** Begins to ask, or begins anew. */
  begin(): void {
    const { isShared, expected, ask } = this.#options;
    if (this.#isComplete) this.#waiting = deferred();
    this.#isComplete = false;
    this.#isAsked = false;
    if (!isShared) {
      this.#complete();
      return;
    }
    this.#expected = new Set(expected());
    this.#stop();
    ask([]);
  }

  /** Returns true if the node waits for the members of that node. */
  isExpected(node: string): boolean {
    return !this.#isComplete && this.#expected.has(node);
  }

  /** Notes a node that has to tell its members. */
  expect(node: string): void {
    if (!this.#isComplete) this.#expected.add(node);
  }

  /** Notes that a node has asked. */
  asked(node: string): void {
    if (node !== this.#options.node || this.#isAsked || this.#isComplete) return;
    this.#isAsked = true;
    this.#timer = this.#options.clock.setTimeout(() => this.#askAgain(), WAIT);
    this.#judge();
  }

  /** Notes that all members of a node have come. */
  answered(node: string): void {
    this.#expected.delete(node);
    this.#judge();
  }

  /** Rejects those who wait. */
  fail(reason: unknown): void {
    this.#stop();
    this.#waiting.reject(reason);
  }

  #askAgain(): void {
    this.#options.ask([...this.#expected]);
    this.#timer = this.#options.clock.setTimeout(() => this.#complete(), WAIT);
  }

  #judge(): void {
    if (!this.#isComplete && this.#isAsked && this.#expected.size === 0) this.#complete();
  }

  #complete(): void {
    this.#stop();
    this.#isComplete = true;
    this.#options.known();
    this.#waiting.resolve();
  }

  #stop(): void {
    if (this.#timer !== undefined) this.#options.clock.clearTimeout(this.#timer);
    this.#timer = undefined;
  }
}

// Nobody has to wait for it.
function deferred(): DeferredPromise<void> {
  const waiting = pDefer<void>();
  waiting.promise.catch(() => {});
  return waiting;
}
