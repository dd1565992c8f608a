import { randomUUID } from "node:crypto";
import { type Clock, gaveOut } from "../../clock.ts";
import { BusError } from "../../errors.ts";
import type { EngineTime } from "../shared/engine-time.ts";
import { patiently } from "../shared/patience.ts";
import type { Connection } from "./connection.ts";
import { isConflict, mayAskAgain, Unanswered, Unreachable } from "./failures.ts";
import type { Follower } from "./follower.ts";
import type { Stream } from "./stream.ts";
import type { Tail } from "./tail.ts";
import { type Place, packSends, placeHeader, rowsOf, type Sends } from "./wire.ts";

export interface CommitsOptions {
  readonly clock: Clock;
  readonly time: EngineTime;
  readonly connection: Connection;
  readonly stream: Stream;
  readonly follower: Follower;
  readonly tail: Tail;
}

type Ids = readonly (readonly number[])[];

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
    const { clock, follower, stream } = this.#options;
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
    follower.want(attempt);
    try {
      return await patiently(clock, () => this.#try(attempt), mayAskAgain);
    } catch (error) {
      if (!attempt.isUnanswered || error instanceof BusError) throw error;
      throw new Unanswered((error as Error).message, { cause: error });
    } finally {
      follower.want(undefined); // it would be kept until the next
    }
  }

  async #try(attempt: Attempt): Promise<Ids> {
    const { follower, tail } = this.#options;
    for (;;) {
      if (attempt.isLost || !tail.isLive || follower.seen === undefined) await tail.catchUp();
      attempt.isLost = false;
      if (follower.found !== undefined) return this.#done(attempt.sends, follower.found);
      const { seen, seq } = follower;
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
    const { connection, stream, follower, tail } = this.#options;
    const life = this.#life();
    const { log: subject } = stream;
    const publication = { subject, body, id, header: placeHeader(place), after: follower.seq, trustsServer };
    const { seq, duplicate } = await stream.publish(publication, connection.losses);
    if (duplicate || life !== this.#life()) {
      await tail.catchUp();
      if (follower.found === undefined) throw new Unanswered("what was sent is not there any more");
      return false;
    }
    if (follower.seq < seq) {
      const rows = rowsOf(sends, place);
      follower.take({ ...place, last: place.first + rows.length - 1, seq, id, rows });
    }
    return true;
  }

  // A run ends with whatever may have put the server back to an earlier state, since this process, when it lags, cannot know
  // which ids others have been given meanwhile.
  #place(seen: number): Place {
    const { clock, time, follower } = this.#options;
    const first = this.#run === this.#life() ? seen + 1 : Math.max(seen, follower.highest, clock.base() - 1) + 1;
    return { was: seen, first, at: Math.max(follower.at, Math.floor(time.now())) };
  }

  #done(sends: Sends, first: number): Ids {
    let next = first;
    const ids = sends.map((send) => send.map(() => next++));
    this.#run = this.#life();
    gaveOut(next - 1);
    return ids;
  }

  async #failed(attempt: Attempt, seq: number, error: unknown): Promise<void> {
    const { follower, tail } = this.#options;
    if (isConflict(error)) {
      attempt.conflicts += 1;
      if (attempt.conflicts > MOST_CONFLICTS) throw new Unreachable("others were quicker again and again");
      await tail.catchUp();
      const isNewest = follower.seq === seq && follower.found === undefined;
      attempt.trustsServer = isNewest && attempt.doubted === seq;
      attempt.doubted = isNewest ? seq : undefined;
      // The newest message is not there any more, at least for the server.
      if (isNewest && !attempt.trustsServer) tail.startOver();
      // Whatever was published after that message was refused, or is found.
      if (!isNewest) attempt.isUnanswered = false;
      return;
    }
    attempt.isLost = true; // the stream itself may be gone, which is then made anew
    attempt.isUnanswered ||= error instanceof Unanswered;
    throw error;
  }

  #life(): string {
    const { connection, tail, follower } = this.#options;
    return [connection.losses, tail.breaks, follower.lives].join(" ");
  }
}

function tooLarge(bytes: number, room: number): BusError {
  const sentence = `the server takes messages of at most ${room} bytes (max_payload), and this send takes ${bytes}`;
  return new BusError("store", `${sentence}: send it in parts`, { refused: true });
}
