import { BusError } from "../../errors.ts";
import type { Gap, Row } from "../../store.ts";
import type { Clock } from "../../util/clock.ts";
import { noteGivenOut } from "../../util/ids.ts";
import type { EngineTime } from "./engine-time.ts";
import { giveIds, type Ids, type Sends } from "./given-ids.ts";
import type { RemoteCursor } from "./remote-cursor.ts";
import { retry } from "./retry.ts";

/** The process that commits. */
export interface Writer {
  /** True after the first commit of this process. The engine decides whether the epoch goes on. */
  readonly hasEpoch: boolean;
  /** The newest id that this process has handed over. */
  readonly seen: number;
  /** The least id of a new epoch. */
  readonly base: number;
}

/** The effect of one commit. */
export interface Committed {
  /** The newest id before it. */
  readonly was: number;
  /** The first id of a new epoch, if a gap lies before it. */
  readonly began: number | undefined;
  /** The first id of these sends. */
  readonly first: number;
  readonly last: number;
  /** The engine's time of the commit, in ms. */
  readonly at: number;
  /** True if the commit holds rows of others as well. */
  readonly moved?: boolean;
  /** The sends that it holds, if their keys left some out. */
  readonly sends?: Sends;
}

/** The answer of a commit to a log that is gone. */
export const GONE = Symbol("gone");

/** A commit on the engine. Resolves with undefined if there was nothing to commit. Rejects with the engine's error. */
export type Write = (writer: Writer) => Promise<Committed | typeof GONE | undefined>;

/** The parts that commits on an engine need. */
export interface RemoteCommitsOptions {
  readonly clock: Clock;
  readonly time: EngineTime;
  readonly cursor: RemoteCursor;
  /** The engine's name, for sentences. */
  readonly engine: string;
  /** Hands over all commits before the call, with retries. Makes a log anew that is gone. */
  readonly catchUp: () => Promise<void>;
  readonly mayCommitAgain: (error: unknown) => boolean;
}

/** Commits on an engine that gives the ids itself, and hands the rows over from memory. */
export class RemoteCommits {
  readonly #options: RemoteCommitsOptions;
  #hasEpoch = false;

  constructor(options: RemoteCommitsOptions) {
    this.#options = options;
  }

  /** Commits, hands over, and resolves with the ids of these sends. Retries only while certainly nothing was committed. */
  async commit(sends: Sends, write: Write): Promise<Ids> {
    const { clock, mayCommitAgain } = this.#options;
    const committed = await retry(clock, () => this.#write(write), mayCommitAgain);
    if (committed === undefined) return [];
    this.#hasEpoch = true;
    noteGivenOut(committed.last);
    const { ids, rows } = giveIds(committed.sends ?? sends, committed);
    await this.#handOver(committed, rows);
    return ids;
  }

  async #write(write: Write): Promise<Committed | undefined> {
    const { engine, catchUp } = this.#options;
    const committed = await this.#timed(write);
    if (committed !== GONE) return committed;
    await catchUp();
    const again = await this.#timed(write);
    if (again !== GONE) return again;
    throw new BusError("store", `${engine} does not keep the log: something removes it again and again`, {
      refused: true,
    });
  }

  async #timed(write: Write): ReturnType<Write> {
    const { clock, time, cursor } = this.#options;
    const asked = clock.monotonic();
    const committed = await write({ hasEpoch: this.#hasEpoch, seen: cursor.seen ?? 0, base: clock.base() });
    if (committed !== undefined && committed !== GONE) time.observe(committed.at, asked);
    return committed;
  }

  /** Hands the rows over from memory if they are the only news. Otherwise it reads them, unless the feed already has. */
  async #handOver({ was, began, last, moved = false }: Committed, rows: readonly Row[]): Promise<void> {
    const { cursor, engine, catchUp } = this.#options;
    if (cursor.seen !== undefined && cursor.seen >= last) return;
    if (cursor.seen === was && !moved) {
      const gaps: readonly Gap[] = began === undefined ? [] : [{ after: was, before: began }];
      return cursor.handOver({ last, floor: 0, gaps, rows, watermarks: undefined });
    }
    try {
      await catchUp();
    } catch (cause) {
      const sentence = `${engine} has committed, and then could not be read`;
      throw new BusError("store", sentence, { cause, refused: false });
    }
  }
}
