import { randomUUID } from "node:crypto";
import { type Clock, gaveOut } from "../../clock.ts";
import { BusError } from "../../errors.ts";
import type { PendingRow, Row } from "../../store.ts";
import { PATIENCE, Pauses } from "../shared/patience.ts";
import { isConflict, isGone, mayPass } from "./failures.ts";
import type { Follower } from "./follower.ts";
import type { Stream } from "./stream.ts";
import { type Commit, writeCommit } from "./wire.ts";

export interface CommitsOptions {
  readonly clock: Clock;
  readonly stream: Stream;
  readonly follower: Follower;
  /** Hands over what was committed before the call, however long it takes to reach the engine. */
  readonly catchUp: () => Promise<void>;
}

/** Commits what this process sends, each time right after the newest message of the stream, or not at all. */
export class Commits {
  readonly #options: CommitsOptions;
  /** The reading in which this process began its run: in another, ids may have been given out that it does not know of. */
  #running: number | undefined;

  constructor(options: CommitsOptions) {
    this.#options = options;
  }

  /** Commits sends, hands them over, and resolves with their ids. Rejects with the client's error. */
  async append(sends: readonly (readonly PendingRow[])[]): Promise<readonly (readonly number[])[]> {
    const { clock, catchUp, follower } = this.#options;
    const deadline = clock.monotonic() + PATIENCE;
    for (;;) {
      if (follower.seen === undefined) await catchUp();
      const written = await this.#try(sends, deadline);
      if (written === undefined) continue;
      gaveOut(written.last);
      if (follower.seen === undefined || follower.seen < written.last) await this.#reach();
      return idsOf(sends, written.first);
    }
  }

  /** Writes a commit; undefined when something else was written first. What may have been written is written again by its name. */
  async #try(sends: readonly (readonly PendingRow[])[], deadline: number): Promise<Commit | undefined> {
    const { clock, stream, follower, catchUp } = this.#options;
    const [name, after, readings] = [randomUUID(), follower.seq, follower.readings];
    const commit = this.#next(sends);
    const arrived = follower.expect(name);
    const message = writeCommit(commit, sends);
    const pauses = new Pauses();
    for (;;) {
      try {
        const seq = await stream.writeCommit(message, name, after);
        this.#running = readings;
        follower.wrote(seq, { name, commit, marks: undefined });
        return commit;
      } catch (error) {
        const isLate = clock.monotonic() >= deadline;
        if (isConflict(error) || isGone(error)) {
          if (isLate) throw error;
          await catchUp();
          return arrived();
        }
        if (!mayPass(error) || isLate) throw error;
      }
      await new Promise<void>((resolve) => clock.setTimeout(resolve, pauses.take()));
    }
  }

  async #reach(): Promise<void> {
    await this.#options.catchUp().catch((cause) => {
      throw new BusError("store", "NATS has committed, and then could not be read", { cause, refused: false });
    });
  }

  #next(sends: readonly (readonly PendingRow[])[]): Commit {
    const { clock, follower } = this.#options;
    const was = follower.seen!; // it has caught up
    const goesOn = this.#running === follower.readings;
    const first = goesOn ? was + 1 : Math.max(was + 1, clock.base());
    const at = Math.max(follower.ledger.at, clock.now());
    const rows: Row[] = [];
    for (const send of sends) {
      const start = first + rows.length;
      for (const { key, json } of send) rows.push({ id: first + rows.length, key, json, at, send: start });
    }
    return { was, first, last: first + rows.length - 1, at, rows };
  }
}

function idsOf(sends: readonly (readonly PendingRow[])[], first: number): readonly (readonly number[])[] {
  let next = first;
  return sends.map((send) => send.map(() => next++));
}
