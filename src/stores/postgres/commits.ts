import { SingleFlight } from "../../util/single-flight.ts";
import type { Ids, Sends } from "../shared/given-ids.ts";
import { type Committed, GONE, RemoteCommits, type RemoteCommitsOptions } from "../shared/remote-commits.ts";
import { isLogGone, mayCommitAgain } from "./failures.ts";
import type { Ask, Tables } from "./tables.ts";

/** The parts that commits in Postgres need. */
export interface CommitsOptions extends Omit<RemoteCommitsOptions, "engine" | "mayCommitAgain"> {
  readonly tables: Tables;
  readonly ask: Ask;
  /** The name of this process in notifications. */
  readonly node: string;
}

/** Commits the sends of this process, and the outbox: the sends that applications wrote in their own transactions. */
export class Commits {
  readonly #options: CommitsOptions;
  readonly #commits: RemoteCommits;
  readonly #moves = new SingleFlight(() => this.#move());

  constructor(options: CommitsOptions) {
    this.#options = options;
    this.#commits = new RemoteCommits({ ...options, engine: "Postgres", mayCommitAgain });
  }

  /**
   * Commits the outbox and then these sends, hands them over, and resolves with the ids of the sends. Rejects with pg's error.
   */
  append(sends: Sends): Promise<Ids> {
    const { tables, ask, node } = this.#options;
    return this.#commits.commit(sends, (writer) => tables.append(ask, { ...writer, node }, sends).catch(orGone));
  }

  /** Commits the outbox. Rejects with pg's error. */
  move(): Promise<void> {
    return this.#moves.run();
  }

  async #move(): Promise<void> {
    const { tables, ask, node } = this.#options;
    await this.#commits.commit([], (writer) => tables.move(ask, { ...writer, node }).catch(orGone));
  }
}

function orGone(error: unknown): Committed | typeof GONE {
  if (isLogGone(error)) return GONE;
  throw error;
}
