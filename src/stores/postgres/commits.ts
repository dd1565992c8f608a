import type { KeyBounds, KeyedOutcome, KeyedSend } from "../../store.ts";
import { SingleFlight } from "../../util/single-flight.ts";
import type { Ids, Sends } from "../shared/given-ids.ts";
import { KeyedCommits } from "../shared/keyed-commits.ts";
import { GONE, RemoteCommits, type RemoteCommitsOptions, type Write } from "../shared/remote-commits.ts";
import { isLogGone, isLost, mayCommitAgain } from "./failures.ts";
import type { Ask, Tables } from "./tables.ts";

/** The engine's name, for sentences. */
const ENGINE = "Postgres";

/** The parts that commits in Postgres need. */
export interface CommitsOptions extends Omit<RemoteCommitsOptions, "engine" | "mayCommitAgain"> {
  readonly tables: Tables;
  readonly ask: Ask;
  /** The name of this process in notifications. */
  readonly node: string;
  /** Makes the table and the function of keys if they are missing. Rejects with pg's error. */
  readonly prepareKeys: () => Promise<void>;
  /** Called when the answer of a commit was lost. The commit may have been made, and its notification names this process. */
  readonly lost: () => void;
  /** Hears of keys that were forgotten too early. */
  readonly error: (error: Error) => void;
}

/** Commits the sends of this process, and the outbox: the sends that applications wrote in their own transactions. */
export class Commits {
  readonly #options: CommitsOptions;
  readonly #commits: RemoteCommits;
  readonly #keyed: KeyedCommits;
  #areKeysReady = false;
  #hasLostMove = false;
  readonly #moves = new SingleFlight(() => this.#move());

  constructor(options: CommitsOptions) {
    this.#options = options;
    this.#commits = new RemoteCommits({ ...options, engine: ENGINE, mayCommitAgain });
    this.#keyed = new KeyedCommits({ ...options, commits: this.#commits, engine: ENGINE });
  }

  /**
   * Commits the outbox and then these sends, hands them over, and resolves with the ids of the sends. Rejects with pg's error.
   */
  append(sends: Sends): Promise<Ids> {
    const { tables, ask, node } = this.#options;
    const write: Write = (writer) => tables.append(ask, { ...writer, node }, sends).catch(orGone);
    return this.#heeding(this.#commits.commit(sends, write));
  }

  /** As `append`, for sends of which some have a key. Rejects with pg's error. */
  appendKeyed(sends: readonly KeyedSend[], bounds: KeyBounds): Promise<readonly KeyedOutcome[]> {
    const { tables, ask, node, prepareKeys } = this.#options;
    const outcomes = this.#keyed.commit(sends, bounds, async (writer, keyed) => {
      try {
        if (!this.#areKeysReady) await prepareKeys();
        this.#areKeysReady = true;
        return await tables.appendKeyed(ask, { ...writer, node }, keyed, bounds);
      } catch (error) {
        this.#areKeysReady = false;
        return orGone(error);
      }
    });
    return this.#heeding(outcomes);
  }

  /** Commits the outbox. Rejects with pg's error. */
  move(): Promise<void> {
    return this.#moves.run();
  }

  async #heeding<T>(commit: Promise<T>): Promise<T> {
    try {
      return await commit;
    } catch (error) {
      if (isLost(error)) this.#options.lost();
      throw error;
    }
  }

  // A look finds the outbox, which begins the next move. So only the first of several lost moves looks at once.
  async #move(): Promise<void> {
    const { tables, ask, node, lost } = this.#options;
    try {
      await this.#commits.commit([], (writer) => tables.move(ask, { ...writer, node }).catch(orGone));
      this.#hasLostMove = false;
    } catch (error) {
      const isFirst = isLost(error) && !this.#hasLostMove;
      this.#hasLostMove = isLost(error);
      if (isFirst) lost();
      throw error;
    }
  }
}

function orGone(error: unknown): typeof GONE {
  if (isLogGone(error)) return GONE;
  throw error;
}
