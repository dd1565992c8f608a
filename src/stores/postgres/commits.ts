import { BusError } from "../../errors.ts";
import type { Gap, Row } from "../../store.ts";
import type { Clock } from "../../util/clock.ts";
import { noteGivenOut } from "../../util/ids.ts";
import { SingleFlight } from "../../util/single-flight.ts";
import type { EngineTime } from "../shared/engine-time.ts";
import { giveIds, type Ids, type Sends } from "../shared/given-ids.ts";
import { retry } from "../shared/retry.ts";
import type { Cursor } from "./cursor.ts";
import { isGone, mayCommitAgain } from "./failures.ts";
import type { Ask, Committed, Tables, Writer } from "./tables.ts";

export interface CommitsOptions {
  readonly clock: Clock;
  readonly time: EngineTime;
  readonly tables: Tables;
  readonly ask: Ask;
  readonly cursor: Cursor;
  /** Hands over what was committed before the call, however long it takes to reach the engine. */
  readonly catchUp: () => Promise<void>;
  /** This process, among those that notify. */
  readonly node: string;
}

/** Commits: what this process sends, and what applications have written within their transactions. */
export class Commits {
  readonly #options: CommitsOptions;
  readonly #moves: SingleFlight;
  /** Whether this process has begun its run of ids. */
  #running = false;

  constructor(options: CommitsOptions) {
    this.#options = options;
    this.#moves = new SingleFlight(() => this.#move());
  }

  /** Commits sends, hands them over, and resolves with their ids. Rejects with pg's error. */
  async append(sends: Sends): Promise<Ids> {
    const { tables, ask } = this.#options;
    const committed = await this.#try(() => this.#timed(() => tables.append(ask, this.#writer(), sends)));
    const { ids, rows } = giveIds(sends, committed);
    await this.#committed(committed, rows);
    return ids;
  }

  /** Commits what waits in the outbox, whoever wrote it there. Rejects with pg's error. */
  move(): Promise<void> {
    return this.#moves.run();
  }

  async #move(): Promise<void> {
    const { tables, ask } = this.#options;
    const committed = await this.#try(() => tables.move(ask, this.#writer()));
    if (committed !== undefined) await this.#committed(committed, []);
  }

  /** Hands over what was committed: from memory where it is all that is new, else it is read. */
  async #committed(committed: Committed, rows: readonly Row[]): Promise<void> {
    const { cursor, catchUp } = this.#options;
    const { was, began, last, moved } = committed;
    this.#running = true;
    noteGivenOut(last);
    if (moved || cursor.seen !== was) {
      return catchUp().catch((cause) => {
        throw new BusError("store", "Postgres has committed, and then could not be read", { cause, refused: false });
      });
    }
    const gaps: readonly Gap[] = began === undefined ? [] : [{ after: was, before: began }];
    cursor.handOver({ last, floor: 0, gaps, rows, watermarks: undefined });
  }

  async #timed(commit: () => Promise<Committed>): Promise<Committed> {
    const { clock, time } = this.#options;
    const asked = clock.monotonic();
    const committed = await commit();
    time.heard(committed.at, asked);
    return committed;
  }

  async #try<T>(commit: () => Promise<T>): Promise<T> {
    const { clock, catchUp } = this.#options;
    try {
      return await retry(clock, commit, mayCommitAgain);
    } catch (error) {
      if (!isGone(error)) throw error;
      await catchUp(); // which makes the log anew
      return commit();
    }
  }

  #writer(): Writer {
    const { clock, cursor, node } = this.#options;
    return { node, running: this.#running, seen: cursor.seen ?? 0, base: clock.base() };
  }
}
