import { randomUUID } from "node:crypto";
import { BusError } from "../../errors.ts";
import type { Clock } from "../../util/clock.ts";
import { noteGivenOut } from "../../util/ids.ts";
import type { EngineTime } from "../shared/engine-time.ts";
import { Unreachable } from "../shared/failures.ts";
import { giveIds, type Ids, type Sends } from "../shared/given-ids.ts";
import { retry } from "../shared/retry.ts";
import type { Connection } from "./connection.ts";
import type { Cursor } from "./cursor.ts";
import { isConflict, mayCommitAgain, Unanswered } from "./failures.ts";
import type { Feed } from "./feed.ts";
import type { Stream } from "./stream.ts";
import { type Place, packSends, placeHeader } from "./wire.ts";

export interface CommitsOptions {
  readonly clock: Clock;
  readonly time: EngineTime;
  readonly connection: Connection;
  readonly stream: Stream;
  readonly cursor: Cursor;
  readonly feed: Feed;
}

/** A commit that is tried until it is known to be done. */
interface Attempt {
  readonly sends: Sends;
  readonly body: Uint8Array;
  readonly id: string;
  /** Whether it was sent, and no answer has come. */
  isUnanswered: boolean;
  /** Whether this process may not know where the log stands. */
  isLost: boolean;
  /** The newest message when the server refused to publish behind it, though nothing newer was there: all was read anew then. */
  doubted: number | undefined;
  /** True if the server refused again after that. */
  trustsServer: boolean;
  conflicts: number;
}

/** Other processes may be quicker so often. */
const MOST_CONFLICTS = 1_000;

/** Commits what this process sends: each commit is one message, which follows the newest that this process has seen, or none. */
export class Commits {
  readonly #options: CommitsOptions;
  /** What the connection and the log were when this process last committed: it goes on with its run while they stay. */
  #run = "";

  constructor(options: CommitsOptions) {
    this.#options = options;
  }

  /** Commits sends, hands them over, and resolves with their ids. */
  async append(sends: Sends): Promise<Ids> {
    const { clock, cursor, stream } = this.#options;
    const body = packSends(sends);
    if (body.length > stream.room) throw tooLarge(body.length, stream.room);
    const attempt: Attempt = {
      sends,
      body,
      id: randomUUID(),
      isUnanswered: false,
      isLost: false,
      doubted: undefined,
      trustsServer: false,
      conflicts: 0,
    };
    cursor.want(attempt);
    try {
      return await retry(clock, () => this.#try(attempt), mayCommitAgain);
    } catch (error) {
      if (!attempt.isUnanswered || error instanceof BusError) throw error;
      throw new Unanswered((error as Error).message, { cause: error });
    } finally {
      cursor.want(undefined); // it would be kept until the next
    }
  }

  async #try(attempt: Attempt): Promise<Ids> {
    const { cursor, feed } = this.#options;
    for (;;) {
      if (attempt.isLost || !feed.isLive || cursor.seen === undefined) await feed.catchUp();
      attempt.isLost = false;
      if (cursor.found !== undefined) return this.#done(attempt.sends, cursor.found);
      const { seen, seq } = cursor;
      if (seen === undefined) continue;
      const place = this.#place(seen);
      try {
        if (await this.#publish(attempt, place)) return this.#done(attempt.sends, place.first);
      } catch (error) {
        await this.#failed(attempt, seq, error);
      }
    }
  }

  /** Publishes the commit, and hands it over; false when it turned out that it had been published before. */
  async #publish({ body, id, sends, trustsServer }: Attempt, place: Place): Promise<boolean> {
    const { connection, stream, cursor, feed } = this.#options;
    const life = this.#life();
    const { log: subject } = stream;
    const publication = { subject, body, id, header: placeHeader(place), after: cursor.seq, trustsServer };
    const { seq, duplicate } = await stream.publish(publication, connection.losses);
    if (duplicate || life !== this.#life()) {
      await feed.catchUp();
      if (cursor.found === undefined) throw new Unanswered("what was sent is not there any more");
      return false;
    }
    if (cursor.seq < seq) {
      const { rows, last } = giveIds(sends, place);
      cursor.take({ ...place, last, seq, id, rows });
    }
    return true;
  }

  // A run ends with whatever may have put the server back to an earlier state, since this process, when it lags, cannot know
  // which ids others have been given meanwhile.
  #place(seen: number): Place {
    const { clock, time, cursor } = this.#options;
    const first = this.#run === this.#life() ? seen + 1 : Math.max(seen, cursor.highest, clock.base() - 1) + 1;
    return { was: seen, first, at: Math.max(cursor.at, Math.floor(time.now())) };
  }

  #done(sends: Sends, first: number): Ids {
    const { ids, last } = giveIds(sends, { first, at: 0 });
    this.#run = this.#life();
    noteGivenOut(last);
    return ids;
  }

  async #failed(attempt: Attempt, seq: number, error: unknown): Promise<void> {
    const { cursor, feed } = this.#options;
    if (isConflict(error)) {
      attempt.conflicts += 1;
      if (attempt.conflicts > MOST_CONFLICTS) throw new Unreachable("others were quicker again and again");
      await feed.catchUp();
      const isNewest = cursor.seq === seq && cursor.found === undefined;
      attempt.trustsServer = isNewest && attempt.doubted === seq;
      attempt.doubted = isNewest ? seq : undefined;
      // The newest message is not there any more, at least for the server.
      if (isNewest && !attempt.trustsServer) feed.startOver();
      // Whatever was published after that message was refused, or is found.
      if (!isNewest) attempt.isUnanswered = false;
      return;
    }
    attempt.isLost = true; // the stream itself may be gone, which is then made anew
    attempt.isUnanswered ||= error instanceof Unanswered;
    throw error;
  }

  #life(): string {
    const { connection, feed, cursor } = this.#options;
    return [connection.losses, feed.breaks, cursor.logs].join(" ");
  }
}

function tooLarge(bytes: number, room: number): BusError {
  const sentence = `the server takes messages of at most ${room} bytes (max_payload), and this send takes ${bytes}`;
  return new BusError("store", `${sentence}: send it in parts`, { refused: true });
}
