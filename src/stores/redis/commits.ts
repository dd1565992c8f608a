import type { Ids, Sends } from "../shared/given-ids.ts";
import { GONE, RemoteCommits, type RemoteCommitsOptions } from "../shared/remote-commits.ts";
import type { Ask, Engine } from "./engine.ts";
import { mayCommitAgain } from "./failures.ts";

/** The parts that commits in Redis need. */
export interface CommitsOptions extends Omit<RemoteCommitsOptions, "engine" | "mayCommitAgain"> {
  readonly engine: Engine;
  readonly ask: Ask;
}

/** Commits the sends of this process. */
export class Commits {
  readonly #engine: Engine;
  readonly #ask: Ask;
  readonly #commits: RemoteCommits;

  constructor({ engine, ask, ...options }: CommitsOptions) {
    this.#engine = engine;
    this.#ask = ask;
    this.#commits = new RemoteCommits({ ...options, engine: "Redis", mayCommitAgain });
  }

  /** Commits sends, hands them over, and resolves with their ids. Rejects with the client's error. */
  append(sends: Sends): Promise<Ids> {
    return this.#commits.commit(sends, async (writer) => (await this.#engine.append(this.#ask, writer, sends)) ?? GONE);
  }
}
