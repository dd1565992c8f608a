import type { KeyBounds, KeyedOutcome, KeyedSend } from "../../store.ts";
import type { Clock } from "../../util/clock.ts";
import { EarlyLosses } from "./key-ledger.ts";
import { planOf } from "./key-plan.ts";
import { type Committed, GONE, type RemoteCommits, type Writer } from "./remote-commits.ts";

/** The effect of a commit of sends with keys. */
export interface CommittedKeyed {
  /** Undefined if there was nothing to commit. */
  readonly committed: Committed | undefined;
  readonly outcomes: readonly KeyedOutcome[];
  /** The age of the oldest key that was forgotten too early, in ms. */
  readonly forgotten: number | undefined;
  /** True if somebody else removed keys from the engine. */
  readonly areLost?: boolean;
}

/** A commit on the engine, of sends of which no key comes twice. Rejects with the engine's error. */
export type WriteKeyed = (writer: Writer, sends: readonly KeyedSend[]) => Promise<CommittedKeyed | typeof GONE>;

/** The parts that commits with keys need. */
export interface KeyedCommitsOptions {
  readonly clock: Clock;
  readonly commits: RemoteCommits;
  /** The engine's name, for sentences. */
  readonly engine: string;
  /** Hears of keys that were forgotten too early. */
  readonly error: (error: Error) => void;
}

/** Commits sends with keys on an engine that remembers the keys itself. */
export class KeyedCommits {
  readonly #options: KeyedCommitsOptions;
  readonly #losses: EarlyLosses;
  /** The monotonic time before which no further removal is reported, in ms. */
  #silentUntil = Number.NEGATIVE_INFINITY;

  constructor(options: KeyedCommitsOptions) {
    this.#options = options;
    this.#losses = new EarlyLosses(options.error);
  }

  /** Commits, hands over, and resolves with the outcome of each send. */
  async commit(sends: readonly KeyedSend[], bounds: KeyBounds, write: WriteKeyed): Promise<readonly KeyedOutcome[]> {
    const plan = planOf(sends, () => undefined);
    const { clock, commits } = this.#options;
    let outcomes: readonly KeyedOutcome[] = [];
    await commits.commit([], async (writer) => {
      const done = await write(writer, plan.keyed);
      if (done === GONE) return GONE;
      outcomes = done.outcomes;
      const now = clock.monotonic();
      if (done.forgotten !== undefined) this.#losses.note(done.forgotten, now, bounds);
      if (done.areLost === true) this.#noteRemoval(now, bounds);
      return done.committed;
    });
    return plan.outcomes(outcomes);
  }

  /** Reports keys that somebody else removed, once in a window. */
  #noteRemoval(now: number, { window }: KeyBounds): void {
    if (now < this.#silentUntil) return;
    this.#silentUntil = now + window;
    const { engine, error } = this.#options;
    error(
      new Error(
        `${engine} has lost the keys of earlier sends, which somebody else deleted or the server evicted: a send that is ` +
          "made again with one of them is committed again",
      ),
    );
  }
}

/** Returns the outcome of a send whose first id an engine answers; below 0 if its key is taken. */
export function outcomeOf(first: number, { rows }: KeyedSend): KeyedOutcome {
  return first < 0 ? "taken" : rows.map((_, at) => first + at);
}

/** Returns a bound as an engine takes it. */
export function whole(bound: number): string {
  return `${Math.min(Math.floor(bound), Number.MAX_SAFE_INTEGER)}`;
}
