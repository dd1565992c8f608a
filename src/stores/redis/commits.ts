import type { KeyBounds, KeyedOutcome, KeyedSend } from "../../store.ts";
import type { Ids, Sends } from "../shared/given-ids.ts";
import { KeyedCommits } from "../shared/keyed-commits.ts";
import { GONE, RemoteCommits, type RemoteCommitsOptions } from "../shared/remote-commits.ts";
import type { Ask, Engine } from "./engine.ts";
import { mayCommitAgain } from "./failures.ts";

/** The engine's name, for sentences. */
const ENGINE = "Redis";

/** The parts that commits in Redis need. */
export interface CommitsOptions extends Omit<RemoteCommitsOptions, "engine" | "mayCommitAgain"> {
  readonly engine: Engine;
  readonly ask: Ask;
  /** Hears of keys that were forgotten too early. */
  readonly error: (error: Error) => void;
}

/** Commits the sends of this process. */
export class Commits {
  readonly #engine: Engine;
  readonly #ask: Ask;
  readonly #commits: RemoteCommits;
  readonly #keyed: KeyedCommits;

  constructor({ engine, ask, error, ...options }: CommitsOptions) {
    this.#engine = engine;
    this.#ask = ask;
    this.#commits = new RemoteCommits({ ...options, engine: ENGINE, mayCommitAgain });
    this.#keyed = new KeyedCommits({ clock: options.clock, commits: this.#commits, engine: ENGINE, error });
  }

  /** Commits sends, hands them over, and resolves with their ids. Rejects with the client's error. */
  append(sends: Sends): Promise<Ids> {
    return this.#commits.commit(sends, async (writer) => (await this.#engine.append(this.#ask, writer, sends)) ?? GONE);
  }

  /** As `append`, for sends of which some have a key. Rejects with the client's error. */
  appendKeyed(sends: readonly KeyedSend[], bounds: KeyBounds): Promise<readonly KeyedOutcome[]> {
    return this.#keyed.commit(
      sends,
      bounds,
      async (writer, keyed) => (await this.#engine.appendKeyed(this.#ask, writer, keyed, bounds)) ?? GONE,
    );
  }
}
