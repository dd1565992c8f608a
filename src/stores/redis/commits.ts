import { BusError } from "../../errors.ts";
import type { Gap, Row } from "../../store.ts";
import type { Clock } from "../../util/clock.ts";
import { noteGivenOut } from "../../util/ids.ts";
import type { EngineTime } from "../shared/engine-time.ts";
import { giveIds, type Ids, type Sends } from "../shared/given-ids.ts";
import { retry } from "../shared/retry.ts";
import type { Cursor } from "./cursor.ts";
import type { Ask, Committed, Engine, Writer } from "./engine.ts";
import { mayPass } from "./failures.ts";

export interface CommitsOptions {
  readonly clock: Clock;
  readonly time: EngineTime;
  readonly engine: Engine;
  readonly ask: Ask;
  readonly cursor: Cursor;
  /** Hands over what was committed before the call, however long it takes to reach the engine. */
  readonly catchUp: () => Promise<void>;
}

/** Commits what this process sends. */
export class Commits {
  readonly #options: CommitsOptions;
  /** Whether this process has begun its run of ids. */
  #running = false;

  constructor(options: CommitsOptions) {
    this.#options = options;
  }

  /** Commits sends, hands them over, and resolves with their ids. Rejects with the client's error. */
  async append(sends: Sends): Promise<Ids> {
    const { clock, catchUp } = this.#options;
    const committed = await retry(clock, () => this.#commit(sends), mayPass);
    this.#running = true;
    noteGivenOut(committed.last);
    const { ids, rows } = giveIds(sends, committed);
    if (!this.#handOver(committed, rows)) {
      await catchUp().catch((cause) => {
        throw new BusError("store", "Redis has committed, and then could not be read", { cause, refused: false });
      });
    }
    return ids;
  }

  async #commit(sends: Sends): Promise<Committed> {
    const { clock, time, engine, ask, catchUp } = this.#options;
    const asked = clock.monotonic();
    const committed = await engine.append(ask, this.#writer(), sends);
    if (committed !== undefined) {
      time.heard(committed.at, asked);
      return committed;
    }
    await catchUp(); // which makes the log anew
    const again = await engine.append(ask, this.#writer(), sends);
    if (again === undefined) throw new BusError("store", "Redis does not keep nightbus's keys", { refused: true });
    return again;
  }

  /** Hands over what was committed from memory, if it is all that is new, and the tail was not faster. */
  #handOver({ was, began, last }: Committed, rows: readonly Row[]): boolean {
    const { cursor } = this.#options;
    if (cursor.seen === undefined) return false;
    if (cursor.seen >= last) return true;
    if (cursor.seen !== was) return false;
    const gaps: readonly Gap[] = began === undefined ? [] : [{ after: was, before: began }];
    cursor.handOver({ last, floor: 0, gaps, rows, watermarks: undefined });
    return true;
  }

  #writer(): Writer {
    const { clock, cursor } = this.#options;
    return { running: this.#running, seen: cursor.seen ?? 0, base: clock.base() };
  }
}
