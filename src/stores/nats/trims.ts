import { randomUUID } from "node:crypto";
import type { Clock } from "../../clock.ts";
import type { Trimmed } from "../../store.ts";
import { isConflict } from "./failures.ts";
import type { Follower } from "./follower.ts";
import type { Plan } from "./ledger.ts";
import type { Standing, Stream } from "./stream.ts";
import { type Marks, writeMarks } from "./wire.ts";

/** Messages of marks, before they are restated in few. */
const MOST_MARKS = 200;

/** Entries of one message of marks, as many as fit into one of a megabyte where channels have names of usual length. */
const ENTRIES = 2_000;

const NOTHING: Plan = { watermarks: [], forgotten: [], floor: 0, holes: [], gone: [], deleting: [] };

/** Forgets what was trimmed: first it is written what, then messages are deleted. Whoever writes first is the one who does. */
export class Trims {
  readonly #clock: Clock;
  readonly #stream: Stream;
  readonly #follower: Follower;

  constructor(clock: Clock, stream: Stream, follower: Follower) {
    this.#clock = clock;
    this.#stream = stream;
    this.#follower = follower;
  }

  /** Forgets a batch; false when something else was written first. */
  async trim(batch: Trimmed): Promise<boolean> {
    const { ledger } = this.#follower;
    const plan = ledger.plan(batch);
    if (plan === undefined) return true;
    if (!(await this.#write(plan))) return false;
    await this.#stream.delete(plan.deleting, ledger.oldest);
    if (ledger.marks.length > MOST_MARKS) await this.#restate();
    return true;
  }

  /**
   * Writes where the log begins. Where somebody else has deleted messages that is at the newest id: of nothing that was committed
   * before can it be said that it is whole.
   */
  async begin({ last, messages }: Standing): Promise<void> {
    const { ledger, seq } = this.#follower;
    const begin = ledger.last === 0 ? this.#clock.base() : ledger.last;
    await this.#publish({ ...NOTHING, begin, deleted: last - messages }, seq);
  }

  /** Deletes what somebody else was about to delete. */
  orphans(seqs: readonly number[]): Promise<void> {
    return this.#stream.delete(seqs, 0);
  }

  // What others write between its messages comes later in the stream than what it restates.
  async #restate(): Promise<void> {
    const { ledger } = this.#follower;
    const before = ledger.marks;
    const pages = ledger.restated(ENTRIES);
    for (const [index, page] of pages.entries()) {
      const isLast = index === pages.length - 1;
      if (!(await this.#write(isLast ? { ...page, deleting: before } : page))) return;
    }
    await this.#stream.deleteMarks(before.at(-1)! + 1); // there are many
  }

  async #write(plan: Plan): Promise<boolean> {
    const { ledger, seq } = this.#follower;
    try {
      await this.#publish({ ...plan, deleted: ledger.deleted + plan.deleting.length, begin: ledger.begin }, seq);
      return true;
    } catch (error) {
      if (!isConflict(error)) throw error;
      await this.#follower.catchUp();
      return false;
    }
  }

  async #publish(marks: Marks, after: number): Promise<void> {
    const name = randomUUID();
    const seq = await this.#stream.writeMarks(writeMarks(marks), name, after);
    this.#follower.wrote(seq, { name, commit: undefined, marks });
  }
}
