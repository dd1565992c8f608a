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
import { isConflict, isTooLarge, mayCommitAgain, tooLarge, Unanswered } from "./failures.ts";
import type { Feed } from "./feed.ts";
import { committedKeys } from "./sent-keys.ts";
import type { Stream } from "./stream.ts";
import { packSends, type SentTogether, type Stamp, stampHeader } from "./wire.ts";

/** The parts that commits in NATS need. */
export interface CommitsOptions {
  readonly clock: Clock;
  readonly time: EngineTime;
  readonly connection: Connection;
  readonly stream: Stream;
  readonly cursor: Cursor;
  readonly feed: Feed;
}

/** A commit with all its tries, until its outcome is known. */
interface Attempt extends SentTogether {
  readonly body: Uint8Array;
  readonly id: string;
  /** True if it was sent, and its answer is missing. */
  isUnanswered: boolean;
  /** True if this process may lag behind the log, and has to read before the next try. */
  mustRead: boolean;
  /** The newest message of the log, if the server refused to publish behind it without a newer one. All is read anew then. */
  doubted: number | undefined;
  /** True if the server refused again after that reading. */
  trustsServer: boolean;
  conflicts: number;
}

/** The number of times that other processes may be faster. */
const MOST_CONFLICTS = 1_000;

/**
 * Commits the sends of this process. Each commit is one message right behind the newest that this process knows, or is refused.
 */
export class Commits {
  readonly #options: CommitsOptions;
  /** The conditions of the last commit. The epoch goes on while they stay the same. */
  #epoch = "";

  constructor(options: CommitsOptions) {
    this.#options = options;
  }

  /** Commits sends, hands them over, and resolves with their ids. Rejects with `bad_message` if the server takes no message of this size. */
  async append(sends: Sends): Promise<Ids> {
    return (await this.appendKeyed({ sends, keys: undefined }))!; // only a key stops an attempt
  }

  /** As `append`, for sends of which some have a key. Commits nothing and resolves with undefined once any of these keys is known. */
  async appendKeyed(together: SentTogether): Promise<Ids | undefined> {
    const { clock, cursor, stream } = this.#options;
    const body = packSends(together);
    if (body.length > stream.room) throw tooLarge("send", body.length, stream.room);
    const attempt: Attempt = {
      ...together,
      body,
      id: randomUUID(),
      isUnanswered: false,
      mustRead: false,
      doubted: undefined,
      trustsServer: false,
      conflicts: 0,
    };
    cursor.expect(attempt);
    try {
      return await retry(clock, () => this.#try(attempt), mayCommitAgain);
    } catch (error) {
      if (!attempt.isUnanswered || error instanceof BusError) throw error;
      throw new Unanswered((error as Error).message, { cause: error });
    } finally {
      cursor.expect(undefined); // its memory is free now, and not at the next commit
    }
  }

  async #try(attempt: Attempt): Promise<Ids | undefined> {
    const { cursor, feed } = this.#options;
    for (;;) {
      if (attempt.mustRead || !feed.isLive || cursor.seen === undefined) await feed.catchUp();
      attempt.mustRead = false;
      if (cursor.found !== undefined) return this.#done(attempt.sends, cursor.found);
      const { seen, seq } = cursor;
      if (seen === undefined) continue;
      if (this.#isKnown(attempt)) return undefined;
      const stamp = this.#stamp(seen);
      try {
        if (await this.#publish(attempt, stamp)) return this.#done(attempt.sends, stamp.first);
      } catch (error) {
        await this.#failed(attempt, seq, error);
      }
    }
  }

  // Another process has committed a send with one of these keys. Behind its message, the server refuses all earlier tries of this
  // attempt. But an earlier try may lie before it, and be gone again. Sends with keys are then known, and others are not.
  #isKnown({ keys, sends, isUnanswered }: Attempt): boolean {
    if (keys === undefined) return false;
    const { cursor } = this.#options;
    const now = this.now();
    if (!keys.of.some((key) => key !== undefined && cursor.keys.find(key.name, now) !== undefined)) return false;
    if (!isUnanswered || sends.every((_, at) => keys.of[at] !== undefined)) return true;
    throw new BusError("store", "NATS gave no answer to a commit, and another process sent one of its keys meanwhile", {
      refused: false,
    });
  }

  /** The time of a commit that happens now, in ms by the server's clock. */
  now(): number {
    const { time, cursor } = this.#options;
    return Math.max(cursor.at, Math.floor(time.now()));
  }

  /** Publishes the commit, and hands it over. False if an earlier try has published it. */
  async #publish({ body, id, sends, keys, trustsServer }: Attempt, stamp: Stamp): Promise<boolean> {
    const { connection, stream, cursor, feed } = this.#options;
    const conditions = this.#conditions();
    const { log: subject } = stream;
    const publication = { subject, body, id, header: stampHeader(stamp), after: cursor.seq, trustsServer };
    const { seq, duplicate } = await stream.publish(publication, connection.losses);
    if (duplicate || conditions !== this.#conditions()) {
      await feed.catchUp();
      if (cursor.found === undefined) throw new Unanswered("the message that was sent is gone");
      return false;
    }
    if (cursor.seq < seq) {
      const { ids, rows, last } = giveIds(sends, stamp);
      cursor.takeCommit({ ...stamp, last, seq, id, rows, keys: committedKeys(keys, ids) });
    }
    return true;
  }

  // An epoch ends with any event that may have put the server back to an earlier state. A process that lags then cannot know
  // which ids others were given.
  #stamp(seen: number): Stamp {
    const { clock, cursor } = this.#options;
    const first = this.#epoch === this.#conditions() ? seen + 1 : Math.max(seen, cursor.highest, clock.base() - 1) + 1;
    return { was: seen, first, at: this.now() };
  }

  #done(sends: Sends, first: number): Ids {
    const { ids, last } = giveIds(sends, { first, at: 0 });
    this.#epoch = this.#conditions();
    noteGivenOut(last);
    return ids;
  }

  async #failed(attempt: Attempt, seq: number, error: unknown): Promise<void> {
    const { cursor, feed } = this.#options;
    if (isConflict(error)) {
      attempt.conflicts += 1;
      if (attempt.conflicts > MOST_CONFLICTS) throw new Unreachable("others were faster again and again");
      await feed.catchUp();
      const isNewest = cursor.seq === seq && cursor.found === undefined;
      attempt.trustsServer = isNewest && attempt.doubted === seq;
      attempt.doubted = isNewest ? seq : undefined;
      // The server does not have the newest message any more.
      if (isNewest && !attempt.trustsServer) feed.startOver();
      // An earlier try was refused as well, or it is found by its id.
      if (!isNewest) attempt.isUnanswered = false;
      return;
    }
    if (isTooLarge(error)) throw tooLarge("send", attempt.body.length);
    attempt.mustRead = true; // the stream itself may be gone: reading makes it anew
    attempt.isUnanswered ||= error instanceof Unanswered;
    throw error;
  }

  /** The state of the connection, the feed and the log. */
  #conditions(): string {
    const { connection, feed, cursor } = this.#options;
    return [connection.losses, feed.breaks, cursor.logs].join(" ");
  }
}
